package history

// GiveUp says how a client gave up a session: the last Connected and Disconnected events of that
// session, and the event in which the client connected another one.
type GiveUp struct{ Connected, Disconnected, Next *Event }

// GivenUp returns the sessions that their clients gave up: the client was disconnected, opened
// another session and never returned to this one. Curator does so when no server answers for as
// long as the session may live. So does any client that is closed without a reply and opened anew.
// No server tells such a client that its session expired. A session whose process ended was not
// given up.
func GivenUp(facts []*Event) map[ID]GiveUp {
	back := comebacks(facts)
	had := map[int]map[ID]GiveUp{} // client → its process's sessions
	over := map[ID]GiveUp{}
	for i, e := range facts {
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
			if g, ok := of[e.Session]; ok { // absent: the session of a process that ended
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

// comebacks returns, for each session, the place of its last connect or expiry among the facts.
func comebacks(facts []*Event) map[ID]int {
	last := map[ID]int{}
	for i, e := range facts {
		if e.Process == SessionProcess && (e.F == FConnected || e.F == FExpired) {
			last[e.Session] = i
		}
	}
	return last
}
