package history

// GiveUp says how a client gave up a session: the last Connected and Disconnected events of that
// session, and the event in which the client connected another one.
type GiveUp struct{ Connected, Disconnected, Next *Event }

// GivenUp returns the sessions that their clients gave up: the client was disconnected, opened
// another session and never returned to this one. Curator does so when no server answers for as
// long as the session may live. So does any client that is closed without a reply and opened anew.
// No server tells such a client that its session expired. A session whose process ended was not
// given up. A client that returns to an older session gives up none. Nor does a process that ever had
// two sessions connected at once: a session that it opens may be an additional one, while it tries to
// return to the others.
func GivenUp(facts []*Event) map[ID]GiveUp {
	clients := map[int]*sessionsOf{}
	over := map[ID]GiveUp{}
	for _, e := range facts {
		if e.Process != SessionProcess || e.Client < 0 {
			continue
		}
		of := clients[e.Client]
		if of == nil {
			of = newSessionsOf()
			clients[e.Client] = of
		}
		switch e.F {
		case FDisconnected:
			if g := of.had[e.Session]; g != nil { // nil: the session of a process that ended
				g.Disconnected = e
			}
			delete(of.up, e.Session)
		case FExpired:
			delete(over, e.Session)
			delete(of.had, e.Session)
			delete(of.up, e.Session)
		case FDead:
			delete(of.up, e.Session)
		case FExited:
			of.add(over)
			clients[e.Client] = newSessionsOf()
		case FConnected:
			delete(over, e.Session) // of an earlier process
			of.connected(e)
		}
	}
	for _, of := range clients {
		of.add(over)
	}
	return over
}

// sessionsOf holds the sessions of one process of a client.
type sessionsOf struct {
	had        map[ID]*GiveUp // that have not expired; those that it gave up have a Next
	up         map[ID]bool    // that are connected
	sideBySide bool           // two were connected at once
}

func newSessionsOf() *sessionsOf { return &sessionsOf{had: map[ID]*GiveUp{}, up: map[ID]bool{}} }

// connected notes that a session was connected. If it is a new one, the client gives up those from which it is
// disconnected. If it is one that was given up, it is not any more.
func (of *sessionsOf) connected(e *Event) {
	opened := of.had[e.Session] == nil
	of.had[e.Session], of.up[e.Session] = &GiveUp{Connected: e}, true
	of.sideBySide = of.sideBySide || len(of.up) > 1
	for _, g := range of.had {
		if opened && g.Disconnected != nil && g.Next == nil {
			g.Next = e
		}
	}
}

// add adds the sessions that the process gave up.
func (of *sessionsOf) add(over map[ID]GiveUp) {
	for s, g := range of.had {
		if g.Next != nil && !of.sideBySide {
			over[s] = *g
		}
	}
}
