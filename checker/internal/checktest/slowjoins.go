package checktest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// SlowJoins is a history of one group, with the log of its transactions, and with what its clients
// really saw. Each client has two sessions, and uses one or both of them for the group. A call to
// join takes some time: it may create its znode, delete it or lose it with a session, and create it
// again. Meanwhile other clients look.
type SlowJoins struct {
	*history.History
	Txns  []history.Txn
	Seen  []Sight
	Times int // how often a member was shown and then not while its call to join went on
}

// Sight holds the true bounds of what a client saw in one look.
type Sight struct {
	Client int
	Began  time.Duration // of the operation
	In     history.ID    // the session that a list used; 0: it is a change, or a pick
	// The look shows one of the versions that are in force from one zxid to the other.
	From, To history.ID
}

// GenerateSlowJoins makes a SlowJoins for a model.
func GenerateSlowJoins(rng *rand.Rand, how Kind, model string) SlowJoins {
	const clients = 3
	p := history.Params{Clients: clients, Root: "/run"}
	w := &slowWorld{Record: Ours(model, p).offers(history.Offers{Snapshots: true}), rng: rng, how: how, bad: -1, versions: []version{{}}, sessions: map[history.ID]*linked{}}
	w.Txn(history.Txn{Type: "create", Path: "/run"}).Txn(history.Txn{Type: "create", Path: "/run/k"})
	for c := range clients {
		w.clients = append(w.clients, &slowClient{id: c, both: rng.IntN(3) > 0, told: map[history.ID]history.Use{}})
		for i := range 2 {
			w.open(c, i)
		}
	}
	steps := 20 + rng.IntN(20)
	if how == mutated {
		w.bad = rng.IntN(steps)
	}
	for i := range steps {
		w.now += rng.IntN(3)
		w.step(w.clients[rng.IntN(clients)], i == w.bad)
	}
	for _, c := range w.clients {
		for c.join != nil {
			w.now++
			w.goOn(c)
		}
	}
	w.now += 10
	for _, c := range w.clients {
		w.touch(c, 0)
		w.touch(c, 1)
	}
	return SlowJoins{w.Build(), w.Txns, w.seen, w.times}
}

// slowWorld is a small simulation of one group.
type slowWorld struct {
	*Record
	rng      *rand.Rand
	how      Kind
	bad      int // the step that goes wrong
	now      int
	next     history.ID
	clients  []*slowClient
	sessions map[history.ID]*linked
	versions []version
	names    int
	seen     []Sight
	times    int
}

// linked is a session.
type linked struct {
	alive int
	seen  history.ID // what the link has seen
	knows history.ID // what the client has got of that
	used  bool       // the client uses it for the group
}

// slowClient is a client. The first of its sessions belongs to its connection.
type slowClient struct {
	id       int
	both     bool // it uses both sessions
	sessions [2]history.ID
	free     int
	member   string
	in       history.ID // the session of its znode; 0: there is none
	join     *slowJoin
	told     map[history.ID]history.Use // what the record says about its sessions
	view     int                        // the last version that it was told of
	last     map[string]bool            // the list that it was last shown
}

// slowJoin is a call to join that is under way.
type slowJoin struct {
	left int // creates and deletes that are left to do
	made []history.ID
}

// open gives a client another session instead of one of its two.
func (w *slowWorld) open(c, i int) {
	w.next++
	w.clients[c].sessions[i] = w.next
	w.sessions[w.next] = &linked{}
	w.Opens(w.next).Connected(w.now, c, w.next)
}

func (w *slowWorld) change(member string, there bool) {
	set := map[string]bool{}
	for _, m := range w.versions[len(w.versions)-1].members {
		set[m] = true
	}
	delete(set, member)
	if there {
		set[member] = true
	}
	w.versions = append(w.versions, version{w.Zxid, slices.Sorted(maps.Keys(set))})
}

// use picks a session for requests about the group.
func (w *slowWorld) use(c *slowClient) (history.ID, *linked) {
	i := 1
	if c.both {
		i = w.rng.IntN(2)
	}
	s := w.sessions[c.sessions[i]]
	s.used = true
	return c.sessions[i], s
}

// wrote notes that a session was answered a request that was committed last.
func (w *slowWorld) wrote(s *linked) { s.alive, s.seen, s.knows = w.now, w.Zxid, w.Zxid }

func (w *slowWorld) step(c *slowClient, bad bool) {
	w.now = max(w.now, c.free+1)
	switch kind := w.rng.IntN(12); {
	case c.join != nil:
		w.goOn(c)
	case kind < 4 && c.member == "":
		w.begin(c)
	case kind < 2:
		w.leave(c)
	case kind == 4:
		w.touch(c, w.rng.IntN(2))
	case kind == 5 && w.rng.IntN(3) == 0:
		w.lose(c)
	case kind < 8:
		w.tell(c, bad)
	case kind < 10 && w.Header.Model == models.Discovery.Name:
		w.pick(c, bad)
	default:
		w.list(c, bad)
	}
}

// invoke adds the call of an operation.
func (w *slowWorld) invoke(c *slowClient, f string, in any) {
	main := w.sessions[c.sessions[0]]
	w.Add(w.now, history.Event{
		Process: history.Process(c.id), Client: c.id, Type: history.Invoke, F: w.called(f), Key: "k", Value: history.Value(in),
		Session: c.sessions[0], Alive: time.Duration(main.alive) * Unit, Seen: main.seen,
	})
}

// complete adds the completion of an operation, with what the link knows about the sessions
// that were used.
func (w *slowWorld) complete(c *slowClient, f string, out any, made ...history.ID) {
	w.now += w.rng.IntN(2)
	c.free = w.now
	main := w.sessions[c.sessions[0]]
	done := history.Event{
		Process: history.Process(c.id), Client: c.id, Type: history.OK, F: w.called(f), Key: "k", Value: history.Value(out),
		Session: c.sessions[0], Alive: time.Duration(main.alive) * Unit, Seen: main.seen,
	}
	for _, id := range slices.Sorted(maps.Keys(w.sessions)) {
		s := w.sessions[id]
		if !s.used || !slices.Contains(c.sessions[:], id) && !slices.Contains(made, id) {
			continue
		}
		u := history.Use{Session: id, Made: slices.Contains(made, id)}
		if id != done.Session {
			u.Alive, u.Seen = time.Duration(s.alive)*Unit, s.seen
		}
		if was, known := c.told[id]; !known || was != u || u.Made {
			done.Used = append(done.Used, u)
		}
		c.told[id] = u
	}
	w.Add(w.now, done)
}

// begin calls a join, which goes on in the next steps of the client.
func (w *slowWorld) begin(c *slowClient) {
	w.names++
	c.member, c.join = fmt.Sprintf("m%d", w.names), &slowJoin{left: 1}
	if w.rng.IntN(2) == 0 {
		c.join.left += 2 * (1 + w.rng.IntN(2))
	}
	w.invoke(c, models.FJoin, models.Joining{Member: c.member})
	if w.rng.IntN(3) == 0 {
		w.goOn(c)
	}
}

// goOn sends the next request of a join, or ends it.
func (w *slowWorld) goOn(c *slowClient) {
	switch {
	case c.join.left == 0:
		made := c.join.made
		c.join = nil
		w.complete(c, models.FJoin, nil, made...)
		return
	case c.in == 0:
		id, s := w.use(c)
		w.Makes(id, c.member)
		w.change(c.member, true)
		w.wrote(s)
		c.in, c.join.made = id, append(c.join.made, id)
	case w.rng.IntN(3) == 0 && len(c.join.made) < 3:
		w.end(c, slices.Index(c.sessions[:], c.in))
		w.now++
	default:
		id, s := w.use(c)
		w.Unmakes(id, c.member)
		w.change(c.member, false)
		w.wrote(s)
		c.in = 0
	}
	c.join.left--
}

func (w *slowWorld) leave(c *slowClient) {
	member := c.member
	w.invoke(c, models.FLeave, models.Joining{Member: member})
	id, s := w.use(c)
	if c.in != 0 {
		w.Unmakes(id, member)
		w.change(member, false)
	} else {
		w.Touches(id)
	}
	w.wrote(s)
	c.in, c.member = 0, ""
	w.complete(c, models.FLeave, nil)
}

// end ends one of the sessions of a client, who opens another.
func (w *slowWorld) end(c *slowClient, i int) {
	id := c.sessions[i]
	w.Closes(id)
	if c.in == id {
		c.in = 0
		w.change(c.member, false)
	}
	w.Session(w.now, history.FExpired, c.id, id)
	w.open(c.id, i)
}

// lose ends a session of a client between calls.
func (w *slowWorld) lose(c *slowClient) {
	w.end(c, w.rng.IntN(2))
	c.free = w.now
}

// touch adds a write that changes nothing, in one of the sessions. The link reports it when the client
// connects again; the client may not have got the answer.
func (w *slowWorld) touch(c *slowClient, i int) {
	w.now = max(w.now, c.free+1)
	id := c.sessions[i]
	s := w.sessions[id]
	w.Touches(id)
	knew := s.knows
	if w.wrote(s); w.rng.IntN(6) == 0 {
		s.knows = knew
	}
	c.free = w.now
	w.Add(w.now, history.Event{
		Process: history.SessionProcess, Client: c.id, Type: history.Info, F: history.FConnected, Session: id,
		Alive: time.Duration(s.alive) * Unit, Seen: s.seen, Value: history.Value(history.Connected{Seen: s.knows}),
	})
}

// list shows some version that a session may be shown, or, if bad is true, any.
func (w *slowWorld) list(c *slowClient, bad bool) {
	w.invoke(c, models.FList, nil)
	sight := Sight{Client: c.id, Began: time.Duration(w.now) * Unit}
	if w.rng.IntN(6) == 0 { // another session was asked first, and did not answer
		w.use(c)
	}
	w.now += w.rng.IntN(2)
	id, s := w.use(c)
	first, _ := slices.BinarySearchFunc(w.versions, s.knows+1, func(v version, z history.ID) int { return v.zxid.Compare(z) })
	first = max(0, first-1)
	at := first + w.rng.IntN(len(w.versions)-first)
	if w.rng.IntN(2) == 0 {
		at = len(w.versions) - 1
	}
	sight.In, sight.From, sight.To = id, s.knows, w.Zxid
	s.knows = max(s.knows, w.versions[at].zxid)
	s.seen = max(s.seen, s.knows)
	members := w.shown(c, at, bad)
	w.seen = append(w.seen, sight)
	w.complete(c, models.FList, models.Members{Members: members})
}

// tell tells a client of a change.
func (w *slowWorld) tell(c *slowClient, bad bool) {
	w.invoke(c, models.FChanged, nil)
	w.seen = append(w.seen, Sight{Client: c.id, Began: time.Duration(w.now) * Unit, To: w.Zxid})
	w.now += w.rng.IntN(2)
	c.view += w.rng.IntN(len(w.versions) - c.view)
	w.complete(c, models.FChanged, models.Members{Members: w.shown(c, c.view, bad)})
}

// pick adds a pick of a member of a version that is no older than the one that the client was told
// of last. If bad is true, the pick is of a member of an older version, or of none.
func (w *slowWorld) pick(c *slowClient, bad bool) {
	w.invoke(c, models.FPick, nil)
	w.seen = append(w.seen, Sight{Client: c.id, Began: time.Duration(w.now) * Unit, To: w.Zxid})
	w.now += w.rng.IntN(2)
	from := w.versions[c.view+w.rng.IntN(len(w.versions)-c.view)].members
	if bad || w.how == random && w.rng.IntN(2) == 0 {
		from = w.versions[w.rng.IntN(c.view+1)].members
		if w.rng.IntN(3) == 0 {
			from = nil
		}
	}
	picked := models.Picked{}
	if len(from) > 0 {
		picked.Member = from[w.rng.IntN(len(from))]
	}
	w.complete(c, models.FPick, picked)
}

// shown returns the members of a version. If the answer is to be bad, they are those of another
// version, or random ones.
func (w *slowWorld) shown(c *slowClient, at int, bad bool) []string {
	members := slices.Clone(w.versions[at].members)
	switch {
	case bad && w.rng.IntN(3) > 0:
		members = w.versions[w.rng.IntN(len(w.versions))].members
	case bad, w.how == random && w.rng.IntN(3) == 0:
		members = nil
		for i := range w.names {
			if w.rng.IntN(2) == 0 {
				members = append(members, fmt.Sprintf("m%d", i+1))
			}
		}
	}
	now := map[string]bool{}
	for _, m := range members {
		now[m] = true
	}
	for _, other := range w.clients {
		if other.join != nil && c.last[other.member] && !now[other.member] {
			w.times++
		}
	}
	c.last = now
	return members
}
