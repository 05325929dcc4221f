// Fills schemas/javadoc.avsc.
mapping {
  map timestamp() onto 'timestamp'
  map remoteHost() onto 'remoteHost'
  map eventType() onto 'eventType'
  map location() onto 'location'

  // The path without host and query groups well in reports.
  def page = parse location() to uri
  map page.path() onto 'path'

  map firstInSession() onto 'firstInSession'
  map referer() onto 'referrer'
  map sessionId() onto 'sessionId'
  map userAgentString() onto 'userAgentString'
  map userAgent().name() onto 'browser'
}
