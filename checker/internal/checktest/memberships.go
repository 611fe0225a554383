package checktest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Group begins the record of a group k, as zklab writes it.
func Group() *Record {
	return Ours(models.Membership.Name, history.Params{Clients: 3}).offers(history.Offers{Snapshots: true}).Phases(0, 1000, 1100)
}

// SeenZxids holds what the session of an operation had seen when it was asked, and when it was
// answered, as numbers of transactions; 0: nothing is known.
type SeenZxids struct{ Then, Now history.ID }

// Of returns the operation with these zxids.
func (s SeenZxids) Of(o Args) Args {
	if s.Then != 0 {
		o.sawThen = Epoch + s.Then
	}
	if s.Now != 0 {
		o.seen = Epoch + s.Now
	}
	return o
}

// Service begins the record of a service k. The operations that are added to it get the
// names of its model.
func Service() *Record {
	return Ours(models.Discovery.Name, history.Params{Clients: 3}).offers(history.Offers{Snapshots: true}).Phases(0, 1000, 1100)
}

// called returns the record's name of an operation on a group.
func (r *Record) called(f string) string {
	names := map[string]string{models.FJoin: models.FRegister, models.FLeave: models.FUnregister, models.FList: models.FLookup}
	if name, ok := names[f]; ok && r.Header.Model == models.Discovery.Name {
		return name
	}
	return f
}

// Joins adds a join.
func (r *Record) Joins(client, inv, ret int, member string, s SeenZxids) *Record {
	return r.Op(s.Of(Args{Client: client, F: r.called(models.FJoin), Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, In: models.Joining{Member: member}, Session: history.ID(client + 1)}))
}

// Parts adds a leave.
func (r *Record) Parts(client, inv, ret int, member string, s SeenZxids) *Record {
	return r.Op(s.Of(Args{Client: client, F: r.called(models.FLeave), Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, In: models.Joining{Member: member}, Session: history.ID(client + 1)}))
}

// Lists adds a list of members.
func (r *Record) Lists(client, inv, ret int, s SeenZxids, members ...string) *Record {
	return r.Op(s.Of(Args{Client: client, F: r.called(models.FList), Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, Out: models.Members{Members: members}, Session: history.ID(client + 1)}))
}

// Told adds the answer of a wait for changes: the members that a client was told of.
func (r *Record) Told(client, inv, ret int, members ...string) *Record {
	return r.Op(Args{Client: client, F: models.FChanged, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, Out: models.Members{Members: members}, Session: history.ID(client + 1)})
}

// Picks adds a pick, of no member if member is empty.
func (r *Record) Picks(client, inv, ret int, member string) *Record {
	return r.Op(Args{Client: client, F: models.FPick, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, Out: models.Picked{Member: member}, Session: history.ID(client + 1)})
}

// Makes adds to the log the creation of a member.
func (r *Record) Makes(s history.ID, member string) *Record {
	return r.Txn(history.Txn{Type: "create", Session: s, Owner: s, Path: "/run/k/" + member, Data: []byte(member)})
}

// Unmakes adds to the log the deletion of a member.
func (r *Record) Unmakes(s history.ID, member string) *Record {
	return r.Txn(history.Txn{Type: "delete", Session: s, Path: "/run/k/" + member})
}

// membership adds to the log what a join or a leave did. Operations of other objects add nothing.
func (r *Record) membership(done, asked *history.Event) {
	var v models.Joining
	if err := asked.Decode(&v); err != nil || v.Member == "" {
		return
	}
	if done.F == models.FJoin || done.F == models.FRegister {
		r.Makes(done.Session, v.Member)
	} else {
		r.Unmakes(done.Session, v.Member)
	}
}

var (
	_ = goesWell(models.Membership.Name, goodMembership)
	_ = goesWell(models.Discovery.Name, goodMembership)
	_ = committing(models.Membership.Name, (*Record).membership)
	_ = committing(models.Discovery.Name, (*Record).membership)
)

// goodMembership has three clients join and leave one after the other, and look.
func goodMembership(r *Record, n int) int {
	t, z := 10, history.ID(1)
	r.Joins(2, 2, 3, "first", SeenZxids{}).Parts(2, 4, 5, "first", SeenZxids{}).Exited(6, 2, history.ByCrash).Started(7, 2)
	for i := range n {
		c, member := i%3, fmt.Sprintf("m%d", i)
		other := (c + 1) % 3
		r.Joins(c, t, t+2, member, SeenZxids{z, z + 1})
		r.Lists(other, t+3, t+5, SeenZxids{z + 1, z + 1}, member).Told(other, t+6, t+7, member)
		r.Proof(c, history.ID(c+1), t+8)
		if r.Header.Model == models.Discovery.Name {
			r.Picks(other, t+7, t+8, member)
		}
		r.Parts(c, t+9, t+11, member, SeenZxids{z + 1, z + 2})
		r.Lists(other, t+12, t+14, SeenZxids{z + 2, z + 2}).Told(other, t+15, t+16)
		t, z = t+20, z+3
	}
	return t
}

// GenerateMembership makes a history of one group, with the log of its transactions: clients
// join and leave, sessions end, and lists show views that are no older than what their
// sessions have seen.
func GenerateMembership(rng *rand.Rand, how Kind) (*history.History, []history.Txn) {
	return generateGroup(rng, how, models.Membership.Name)
}

// GenerateDiscovery makes a history of a service: clients also pick instances, and are told of changes.
func GenerateDiscovery(rng *rand.Rand, how Kind) (*history.History, []history.Txn) {
	return generateGroup(rng, how, models.Discovery.Name)
}

func generateGroup(rng *rand.Rand, how Kind, model string) (*history.History, []history.Txn) {
	w := newGroupWorld(rng, how, model, 3)
	steps, kinds := 8+rng.IntN(8), 8
	if model == models.Discovery.Name {
		steps, kinds = 2*steps, 12
	}
	if how == mutated {
		w.bad = rng.IntN(steps)
	}
	for i := range steps {
		w.now += 1 + rng.IntN(3)
		w.step(i, rng.IntN(3), rng.IntN(kinds))
	}
	w.now += 10
	for c := range 3 {
		w.touch(c)
	}
	return w.Build(), w.Txns
}

func newGroupWorld(rng *rand.Rand, how Kind, model string, clients int) *groupWorld {
	w := &groupWorld{Record: Ours(model, history.Params{Clients: clients}).offers(history.Offers{Snapshots: true}), rng: rng, how: how, bad: -1}
	w.free, w.alive = make([]int, clients), make([]int, clients)
	w.session, w.seen, w.knows, w.member = make([]history.ID, clients), make([]history.ID, clients), make([]history.ID, clients), make([]string, clients)
	w.versions, w.told = []version{{}}, make([]int, clients)
	for c := range clients {
		w.open(c)
	}
	return w
}

// groupWorld is a small simulation of one group.
type groupWorld struct {
	*Record
	rng      *rand.Rand
	how      Kind
	bad      int // the step that goes wrong
	now      int
	free     []int
	alive    []int
	session  []history.ID
	seen     []history.ID // what each link has seen
	knows    []history.ID // what its client has got of that
	member   []string
	names    int
	next     history.ID
	versions []version
	told     []int // the version that each client was last told of
}

// version is the state of the group from a transaction on.
type version struct {
	zxid    history.ID
	members []string
}

func (w *groupWorld) open(c int) {
	w.next++
	w.session[c], w.seen[c], w.knows[c], w.alive[c] = w.next, 0, 0, 0
	w.Opens(w.next)
}

// change makes a version.
func (w *groupWorld) change(change func(map[string]bool)) {
	set := map[string]bool{}
	for _, m := range w.versions[len(w.versions)-1].members {
		set[m] = true
	}
	change(set)
	w.versions = append(w.versions, version{w.Zxid, slices.Sorted(maps.Keys(set))})
}

func (w *groupWorld) step(i, c, kind int) {
	switch kind {
	case 0, 1:
		if w.member[c] == "" {
			w.join(c)
		} else {
			w.leave(c)
		}
	case 2:
		w.touch(c)
	case 3:
		if w.rng.IntN(3) == 0 {
			w.die(c)
		}
	case 8, 9:
		w.tell(c)
	case 10, 11:
		w.pick(c, i == w.bad)
	default:
		w.list(c, i == w.bad)
	}
}

// call adds an operation that has its effect now. effect makes the effect, and returns
// the value of the answer.
func (w *groupWorld) call(c int, o Args, effect func() any) {
	inv := max(w.free[c]+1, w.now-w.rng.IntN(4))
	w.now = max(w.now, inv)
	o.Outcome = cmp.Or(o.Outcome, history.OK)
	o.Client, o.Key, o.Inv, o.Session = c, "k", inv, w.session[c]
	o.Before, o.sawThen = w.alive[c], w.seen[c]
	o.Out = effect()
	o.Ret = w.now + w.rng.IntN(4)
	o.alive, o.seen = w.alive[c], w.seen[c]
	w.free[c] = o.Ret
	w.Op(o)
}

// wrote notes that a request of a client was committed last, at the present time.
func (w *groupWorld) wrote(c int) { w.seen[c], w.knows[c], w.alive[c] = w.Zxid, w.Zxid, w.now }

func (w *groupWorld) join(c int) {
	w.names++
	member := fmt.Sprintf("m%d", w.names)
	w.call(c, Args{F: w.called(models.FJoin), In: models.Joining{Member: member}}, func() any {
		w.Makes(w.session[c], member)
		w.change(func(set map[string]bool) { set[member] = true })
		w.wrote(c)
		return nil
	})
	w.member[c] = member
}

func (w *groupWorld) leave(c int) {
	member := w.member[c]
	w.call(c, Args{F: w.called(models.FLeave), In: models.Joining{Member: member}}, func() any {
		w.Unmakes(w.session[c], member)
		w.change(func(set map[string]bool) { delete(set, member) })
		w.wrote(c)
		return nil
	})
	w.member[c] = ""
}

// touch adds a write that changes nothing. The link reports it when the client connects again. The
// client may not have got the answer, so it reports only what it has seen itself.
func (w *groupWorld) touch(c int) {
	w.now = max(w.now, w.free[c]+1)
	w.Touches(w.session[c])
	knew := w.knows[c]
	if w.wrote(c); w.rng.IntN(6) == 0 {
		w.knows[c] = knew
	}
	w.free[c] = w.now + w.rng.IntN(3)
	w.Add(w.free[c], history.Event{
		Process: history.SessionProcess, Client: c, Type: history.Info, F: history.FConnected, Session: w.session[c],
		Alive: time.Duration(w.alive[c]) * Unit, Seen: w.seen[c], Value: history.Value(history.Connected{Seen: w.knows[c]}),
	})
}

// die ends a client's session, and with it its member.
func (w *groupWorld) die(c int) {
	w.now = max(w.now, w.free[c]+1)
	w.free[c] = w.now
	w.Closes(w.session[c])
	member := w.member[c]
	w.change(func(set map[string]bool) { delete(set, member) })
	w.member[c] = ""
	w.open(c)
}

// list shows some view that the client's session may be shown, or, if bad is true, any.
func (w *groupWorld) list(c int, bad bool) {
	w.call(c, Args{F: w.called(models.FList)}, func() any {
		first, _ := slices.BinarySearchFunc(w.versions, w.knows[c]+1, func(v version, z history.ID) int { return v.zxid.Compare(z) })
		first = max(0, first-1)
		at := first + w.rng.IntN(len(w.versions)-first)
		if w.rng.IntN(2) == 0 {
			at = len(w.versions) - 1
		}
		w.knows[c] = max(w.knows[c], w.versions[at].zxid)
		w.seen[c] = max(w.seen[c], w.knows[c])
		members := slices.Clone(w.versions[at].members)
		switch {
		case bad && w.rng.IntN(3) == 0:
			members = w.versions[w.rng.IntN(len(w.versions))].members
		case bad, w.how == random && w.rng.IntN(2) == 0:
			members = w.anybody()
		}
		return models.Members{Members: members}
	})
}

// later returns a random version that is not older than the last one that the client saw.
func (w *groupWorld) later(c int) int { return w.told[c] + w.rng.IntN(len(w.versions)-w.told[c]) }

// tell tells a client of some later version.
func (w *groupWorld) tell(c int) {
	w.call(c, Args{F: models.FChanged}, func() any {
		w.told[c] = w.later(c)
		return models.Members{Members: w.versions[w.told[c]].members}
	})
}

// pick adds a pick of any member of some later version, or, if bad is true, of any member that ever
// joined.
func (w *groupWorld) pick(c int, bad bool) {
	w.call(c, Args{F: models.FPick}, func() any {
		from := w.versions[w.later(c)].members
		if bad || w.how == random && w.rng.IntN(2) == 0 {
			from = w.anybody()
		}
		if len(from) == 0 {
			return models.Picked{}
		}
		return models.Picked{Member: from[w.rng.IntN(len(from))]}
	})
}

// anybody returns a random selection of all members that ever joined.
func (w *groupWorld) anybody() (members []string) {
	for i := range w.names {
		if w.rng.IntN(2) == 0 {
			members = append(members, fmt.Sprintf("m%d", i+1))
		}
	}
	return members
}
