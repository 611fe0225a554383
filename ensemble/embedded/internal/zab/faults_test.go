package zab

// This file has the faults of the simulation.

// crash kills a server: what it sent may still arrive up to some point.
func (v *server) crash() {
	if v.node == nil {
		return
	}
	s := v.s
	s.log("server %d crashes", v.id)
	s.used.Crashes++
	v.node, v.app, v.paused = nil, nil, false
	if s.onCrash != nil {
		s.onCrash(v.disk)
	}
	if s.power {
		unforced, lost := v.disk.LosePower(s.rnd.Float64())
		s.used.Unforced += unforced
		s.used.Lost += lost
	} else {
		v.disk.Crash()
	}
	v.reread()
	for _, other := range s.servers {
		if other == v {
			continue
		}
		s.links[other.id][v.id].queue = nil
		l := &s.links[v.id][other.id]
		l.queue = l.queue[:s.rnd.IntN(len(l.queue)+1)]
		at := s.now.Add(s.latency())
		if n := len(l.queue); n > 0 && l.queue[n-1].at.After(at) {
			at = l.queue[n-1].at
		}
		l.queue = append(l.queue, parcel{at: at, m: Message{From: v.id, To: other.id}, reset: true})
	}
}

// harm injects a random fault, or ends one.
func (s *sim) harm() {
	v := s.servers[s.rnd.IntN(len(s.servers))]
	if s.rnd.IntN(2) == 0 { // faults of leaders are more interesting
		for _, o := range s.servers {
			if o.node != nil && o.app.serving && o.app.role == Leading {
				v = o
			}
		}
	}
	switch s.rnd.IntN(16) {
	case 0:
		v.crash()
	case 1:
		v.crash()
		v.start()
	case 2:
		if s.rnd.IntN(3) == 0 {
			for _, o := range s.servers {
				o.crash()
			}
		}
	case 3, 4, 5:
		for _, o := range s.servers {
			o.start()
		}
	case 6, 7:
		v.pause()
	case 8, 9:
		for _, o := range s.servers {
			o.resume()
		}
	case 10:
		s.slowDisks()
	case 11, 12:
		s.cut(v.id)
	case 13:
		s.heal()
	case 14:
		s.links[v.id][s.ids[s.rnd.IntN(len(s.ids))]].slow = s.duration(s.plan.tick)
	case 15:
		s.sever(v.id, s.ids[s.rnd.IntN(len(s.ids))])
	}
}

// slowDisks makes all disks slow, each in its own way, or fast again.
func (s *sim) slowDisks() {
	s.used.SlowDisks++
	for _, v := range s.servers {
		v.disk.SetDelay(0)
		if s.rnd.IntN(3) > 0 {
			v.disk.SetDelay(s.duration(s.plan.tick))
		}
	}
}

// maybeAmbush sometimes injects a fault just after a server has handled a message, more often in the
// short phases before broadcast.
func (s *sim) maybeAmbush(v *server, m Message) {
	odds := s.plan.ambush
	switch m.Kind {
	case Connect, NewEpoch, AckEpoch, NewLeader, AckLeader, UpToDate:
	case Propose, Ack, Commit, Inform:
		odds *= 20
	default:
		return
	}
	if odds == 0 || s.rnd.IntN(odds) > 0 {
		return
	}
	s.log("ambush at %v", m.Kind)
	switch s.rnd.IntN(8) {
	case 0:
		v.crash()
	case 1:
		v.crash()
		v.start()
	case 2:
		v.pause()
	case 3:
		s.cut(v.id)
	case 4:
		s.sever(v.id, m.From)
	case 5:
		s.servers[m.From-1].crash()
	case 6:
		s.servers[m.From-1].pause()
	case 7:
		s.cut(m.From)
	}
}

func (v *server) pause() {
	if v.node != nil && !v.paused {
		v.s.log("server %d is paused", v.id)
		v.paused = true
		v.s.used.Pauses++
	}
}

func (v *server) resume() {
	if !v.paused {
		return
	}
	s := v.s
	s.log("server %d resumes", v.id)
	v.paused = false
	for _, from := range s.ids {
		l := &s.links[from][v.id]
		for v.node != nil && !v.paused && len(l.queue) > 0 && !l.cut && !l.queue[0].at.After(s.now) {
			s.deliver(l)
		}
	}
	if v.node != nil && !v.paused {
		v.node.Tick(s.now)
		s.after(v)
	}
}

// cut cuts links: some of a server's in one direction, all of a server's, or all between two halves of
// the ensemble.
func (s *sim) cut(v int) {
	s.used.Cuts++
	kind, side := s.rnd.IntN(4), s.rnd.Uint64()
	for _, from := range s.ids {
		for _, to := range s.ids {
			var cut bool
			switch kind {
			case 0:
				cut = from == v && s.rnd.IntN(2) == 0
			case 1:
				cut = to == v && s.rnd.IntN(2) == 0
			case 2:
				cut = from == v || to == v
			case 3:
				cut = side>>from&1 != side>>to&1
			}
			if cut {
				s.log("cut %d to %d", from, to)
				s.links[from][to].cut = true
			}
		}
	}
}

// heal lets the messages pass that were held back.
func (s *sim) heal() {
	s.log("heal")
	for _, from := range s.ids {
		for _, to := range s.ids {
			l := &s.links[from][to]
			l.slow = 0
			if !l.cut {
				continue
			}
			l.cut = false
			for i := range l.queue {
				if at := s.now.Add(s.latency()); l.queue[i].at.Before(at) {
					l.queue[i].at = at
				}
				if i > 0 && l.queue[i].at.Before(l.queue[i-1].at) {
					l.queue[i].at = l.queue[i-1].at
				}
			}
		}
	}
}

// sever breaks the connection between two living servers: messages in flight are lost, and both servers
// are told.
func (s *sim) sever(a, b int) {
	if a == b {
		return
	}
	s.log("the connection of %d and %d breaks", a, b)
	for _, ends := range [][2]int{{a, b}, {b, a}} {
		l := &s.links[ends[0]][ends[1]]
		l.queue = []parcel{{at: s.now.Add(s.latency()), m: Message{From: ends[0], To: ends[1]}, reset: true}}
	}
}
