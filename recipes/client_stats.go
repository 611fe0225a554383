package recipes

// Stats are counters of what all recipes of a client have done since the client was made. They only
// rise, except CleanUpsPending. For package expvar:
//
//	expvar.Publish("recipes", expvar.Func(func() any { return client.Stats() }))
type Stats struct {
	Requests int64 // sent to the servers, including heartbeats and requests in the background
	Retries  int64 // requests, and attempts at a call, that were repeated

	Attempts int64 // at calls; a call without trouble makes one
	Settled  int64 // writes whose reply was lost and whose outcome was found out
	Unknown  int64 // calls that failed with [ErrUnknown]

	Holds     int64 // acquired holds: of locks, leases and leadership, and leases of workers
	HoldsLost int64 // holds that were lost, not given back

	Sessions     int64 // sessions on the servers, including the present one
	SessionsLost int64 // sessions that ended while the client went on

	CleanUps        int64 // removals in the background that have ended
	CleanUpsPending int64 // removals in the background that are under way
}

// Stats returns the counters, each read by itself. It is safe for concurrent use.
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
