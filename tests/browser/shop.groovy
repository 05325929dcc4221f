// The events of the demo shop with their parameters.
mapping {
  map timestamp() onto 'timestamp'
  map eventType() onto 'eventType'
  def uri = parse location() to uri
  map uri.path() onto 'path'
  map partyId() onto 'partyId'
  map sessionId() onto 'sessionId'
  map eventParameters().path('$.product_id') onto 'productId'
  map eventParameters().path('$.quantity') onto 'quantity'
  map eventParameters().path('$.value') onto 'value'
  map eventParameters().path('$.order_id') onto 'orderId'
  map eventParameters().path('$.items') onto 'items'
}
