// What a shop asks of an event: 25 fields, with every part of the language that takes time.
mapping {
  map timestamp() onto 'timestamp'
  map clientTimestamp() onto 'clientTimestamp'
  map partyId() onto 'partyId'
  map sessionId() onto 'sessionId'
  map pageViewId() onto 'pageViewId'
  map eventId() onto 'eventId'
  map eventType() onto 'eventType'
  map remoteHost() onto 'remoteHost'
  map firstInSession() onto 'firstInSession'
  map location() onto 'location'
  map referer() onto 'referer'
  map viewportPixelWidth() onto 'viewportWidth'

  def page = parse location() to uri
  map page.host() onto 'host'
  map page.path() onto 'path'
  map page.query().value('utm_campaign') onto 'campaign'

  def agent = userAgent()
  map agent.name() onto 'browser'
  map agent.deviceCategory() onto 'deviceCategory'

  map { parse cookie('visits') to int32 } onto 'visits'
  map cookie('basket') onto 'basket'
  map header('Accept-Language').first() onto 'language'

  def section = match '/([a-z]+)/.*' against page.path()
  map section.group(1) onto 'category'
  def product = match '/products/[a-z-]+-(?<number>[0-9]+)' against page.path()
  map product.group('number') onto 'product'

  map digest('sha-256').add(partyId()).result().toHexLower() onto 'pseudonym'
  map eventParameters().path('$.value') onto 'value'

  when eventType().equalTo('pageView') apply { map 'view' onto 'kind' }
  when eventType().equalTo('purchase') apply { map 'sale' onto 'kind' }
  when product.matches().and(cookie('basket').isPresent()) apply { map 'shopper' onto 'kind' }
}
