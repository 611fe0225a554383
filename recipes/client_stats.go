package recipes

// Stats are counters of what all recipes of a client have done since it was made. They only
// rise, but for CleanUpsPending. For package expvar:
//
//	expvar.Publish("recipes", expvar.Func(func() any { return client.Stats() }))
type Stats struct {
	Requests int64 // that were made of the servers, heartbeats and those in the background included
	Retries  int64 // requests, and attempts at a call, that were made once more

	Attempts int64 // at calls: one each that all goes well in
	Settled  int64 // writes whose reply was lost, and of which it was found out what became of them
	Unknown  int64 // calls that failed with [ErrUnknown]

	Holds     int64 // that were acquired: of locks, leases, leadership, and of workers' leases
	HoldsLost int64 // of those: that were lost, not given back

	Sessions     int64 // on the servers, the present one included
	SessionsLost int64 // of those: that are gone while this one goes on

	CleanUps        int64 // removals in the background that have ended
	CleanUpsPending int64 // that go on now
}

// Stats returns the counters. It is safe for concurrent use; they are read one after the other.
func (c *Client) Stats() Stats {
	n := &c.client.Counters
	return Stats{
		Requests: n.Requests.Load(), Retries: n.Retries.Load(),
		Attempts: n.Attempts.Load(), Settled: n.Settled.Load(), Unknown: n.Unknown.Load(),
		Holds: n.Holds.Load(), HoldsLost: n.HoldsLost.Load(),
		Sessions: n.Sessions.Load(), SessionsLost: n.SessionsLost.Load(),
		CleanUps: n.CleanUps.Load(), CleanUpsPending: int64(c.client.Tasks.Count()),
	}
}
