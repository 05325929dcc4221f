// Whatever a stranger can write; an event without a page becomes a dead letter.
mapping {
  map location() onto 'page'
  map eventType() onto 'type'
  map referer() onto 'referer'
  map userAgentString() onto 'agent'
  map partyId() onto 'party'
  map pageViewId() onto 'view'
  map eventId() onto 'event'
  map remoteHost() onto 'host'
}
