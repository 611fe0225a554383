package history

// GiveUp is how a client gave up a session: where it was connected and disconnected for
// the last time, and where another session was connected.
type GiveUp struct{ Connected, Disconnected, Next *Event }

// GivenUp finds the sessions that their clients gave up by themselves: a client that is
// disconnected opens another session, and never comes back to this one. Curator does so when
// no server answers for as long as the session may live, and so does every client that is
// closed without an answer and opened anew. No server tells such a client that the session is
// over: it said so itself. A session whose process ended was not given up.
func GivenUp(events []Event) map[ID]GiveUp {
	back := comebacks(events)
	had := map[int]map[ID]GiveUp{} // client → sessions of its process
	over := map[ID]GiveUp{}
	for i := range events {
		e := &events[i]
		if e.Process != SessionProcess || e.Client < 0 {
			continue
		}
		of := had[e.Client]
		if of == nil {
			of = map[ID]GiveUp{}
			had[e.Client] = of
		}
		switch e.F {
		case FDisconnected:
			if g, ok := of[e.Session]; ok { // else that of a process that ended
				g.Disconnected = e
				of[e.Session] = g
			}
		case FExpired:
			delete(of, e.Session)
		case FExited:
			clear(of)
		case FConnected:
			of[e.Session] = GiveUp{Connected: e}
			for s, g := range of {
				if g.Disconnected != nil && back[s] < i {
					g.Next = e
					over[s] = g
					delete(of, s)
				}
			}
		}
	}
	return over
}

// comebacks are where in events each session was connected, or told to have expired, for the last time.
func comebacks(events []Event) map[ID]int {
	last := map[ID]int{}
	for i := range events {
		e := &events[i]
		if e.Process == SessionProcess && (e.F == FConnected || e.F == FExpired) {
			last[e.Session] = i
		}
	}
	return last
}
