"""Tables made from the events in commit order, and the delivery reports that they help to match."""
