package embedded_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zklab/zklab/ensemble"
)

// nemesis injects faults into an ensemble.
type nemesis struct {
	*trial
	rng  *rand.Rand
	menu []kindOfFault
}

// kindOfFault begins a fault and returns a function that ends it.
type kindOfFault struct {
	name string
	// silent means that servers can be unreachable without noticing it: a deposed leader may not know
	// for a while that it was deposed.
	silent bool
	begin  func(*nemesis) (what string, undo func())
}

var kindsOfFault = []kindOfFault{
	{name: "kill", begin: (*nemesis).kill},
	{name: "pause", silent: true, begin: (*nemesis).pause},
	{name: "cut", silent: true, begin: (*nemesis).cut},
	{name: "delay", silent: true, begin: (*nemesis).delay},
	{name: "disk", begin: (*nemesis).disk},
}

func newNemesis(tr *trial) *nemesis {
	n := &nemesis{trial: tr, rng: rand.New(rand.NewPCG(tr.seed, 0))}
	// A third of the trials has only one kind of fault, a third has two, and a third has all.
	kinds := n.rng.Perm(len(kindsOfFault))
	for _, i := range kinds[:[]int{1, 2, len(kinds)}[n.rng.IntN(3)]] {
		n.menu = append(n.menu, kindsOfFault[i])
		tr.silent = tr.silent || kindsOfFault[i].silent
	}
	return n
}

// run injects faults until the time is over, and then heals all of them.
func (n *nemesis) run(during time.Duration) {
	var undo []func()
	for end := time.Now().Add(during); time.Now().Before(end); {
		n.wait(1500)
		if len(undo) > 0 && n.rng.IntN(2) == 0 {
			i := n.rng.IntN(len(undo))
			undo[i]()
			undo = slices.Delete(undo, i, i+1)
			continue
		}
		what, f := n.menu[n.rng.IntN(len(n.menu))].begin(n)
		n.log("%s", what)
		undo = append(undo, f)
	}
	n.heal()
}

// wait waits some milliseconds around the mean, now and then much longer or hardly at all.
func (n *nemesis) wait(mean float64) {
	time.Sleep(time.Duration(min(n.rng.ExpFloat64()*mean, 6000) * float64(time.Millisecond)))
}

// heal ends all present faults.
func (n *nemesis) heal() {
	ctx := context.Background()
	n.log("heal all")
	n.must(n.e.Heal(ctx))
	for from := range n.servers() {
		s := n.e.Server(from)
		_ = s.SlowDisk(context.Background(), 0)
		n.must(s.Resume(ctx))
		n.must(s.Start(ctx))
		for to := range n.servers() {
			if from != to {
				n.must(n.e.Delay(ctx, from, to, 0))
			}
		}
	}
}

// servers yields the ids of the servers.
func (n *nemesis) servers() func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n.e.Addrs() {
			if !yield(i + 1) {
				return
			}
		}
	}
}

// victims returns the leader, some server, or all servers.
func (n *nemesis) victims() []int {
	switch n.rng.IntN(8) {
	case 0:
		return slices.Collect(n.servers())
	case 1, 2, 3:
		return []int{n.leader()}
	case 4:
		ids := slices.Collect(n.servers())
		n.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		return ids[:1+n.rng.IntN(len(ids))]
	}
	return []int{n.some()}
}

func (n *nemesis) some() int { return 1 + n.rng.IntN(len(n.e.Addrs())) }

// leader returns the server that claims to lead, or else any server.
func (n *nemesis) leader() int {
	leader := n.some()
	for id := range n.servers() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		if st, err := n.e.Server(id).Status(ctx); err == nil && (st.Role == ensemble.Leader || st.Role == ensemble.Standalone) {
			leader = id
		}
		cancel()
	}
	return leader
}

func (n *nemesis) kill() (string, func()) {
	ids := n.victims()
	for _, id := range ids {
		n.must(n.e.Server(id).Kill(context.Background()))
	}
	return fmt.Sprint("kill ", ids), func() {
		n.log("start %v", ids)
		for _, id := range ids {
			n.must(n.e.Server(id).Start(context.Background()))
		}
	}
}

func (n *nemesis) pause() (string, func()) {
	var paused []int
	for _, id := range n.victims() {
		if n.e.Server(id).Pause(context.Background()) == nil { // it may be down
			paused = append(paused, id)
		}
	}
	return fmt.Sprint("pause ", paused), func() {
		n.log("resume %v", paused)
		for _, id := range paused {
			n.must(n.e.Server(id).Resume(context.Background()))
		}
	}
}

// cut cuts some links: one link, those from or to a server, or those between two groups of servers,
// which may have one server in common.
func (n *nemesis) cut() (string, func()) {
	var pairs [][2]int
	reaches := n.someCut()
	for from := range n.servers() {
		for to := range n.servers() {
			if from != to && !reaches(from, to) {
				pairs = append(pairs, [2]int{from, to})
				n.must(n.e.Cut(context.Background(), from, to))
			}
		}
	}
	return fmt.Sprint("cut ", pairs), func() {
		n.log("heal the links")
		n.must(n.e.Heal(context.Background()))
	}
}

func (n *nemesis) someCut() (reaches func(from, to int) bool) {
	a, b := n.some(), n.some()
	if n.rng.IntN(2) == 0 {
		a = n.leader()
	}
	groups := map[int]int{}
	for id := range n.servers() {
		groups[id] = n.rng.IntN(2)
	}
	switch n.rng.IntN(6) {
	case 0: // one link in one direction
		return func(from, to int) bool { return from != a || to != b }
	case 1: // nothing leaves a server
		return func(from, _ int) bool { return from != a }
	case 2: // nothing reaches a server
		return func(_, to int) bool { return to != a }
	case 3: // a server is alone
		return func(from, to int) bool { return from != a && to != a }
	case 4: // a bridge
		return func(from, to int) bool { return from == b || to == b || groups[from] == groups[to] }
	}
	return func(from, to int) bool { return groups[from] == groups[to] }
}

// delay makes links slow, each with its own delay.
func (n *nemesis) delay() (string, func()) {
	most := []int{5, 50, 500, 1500}[n.rng.IntN(4)]
	share := 1 + n.rng.IntN(3)
	n.delays(func() time.Duration {
		if n.rng.IntN(share) > 0 {
			return 0
		}
		return time.Duration(n.rng.IntN(most*1000)) * time.Microsecond
	})
	return fmt.Sprintf("delay a link in %d by up to %d ms", share, most), func() {
		n.log("no delays")
		n.delays(func() time.Duration { return 0 })
	}
}

func (n *nemesis) delays(by func() time.Duration) {
	for from := range n.servers() {
		for to := range n.servers() {
			if from != to {
				n.must(n.e.Delay(context.Background(), from, to, by()))
			}
		}
	}
}

// disk makes disks slow; often a crash follows, which loses what is not yet on disk.
func (n *nemesis) disk() (string, func()) {
	ids := n.victims()
	if n.rng.IntN(2) == 0 {
		ids = slices.Collect(n.servers())
	}
	by := time.Duration(1+n.rng.IntN(400)) * time.Millisecond
	for _, id := range ids {
		_ = n.e.Server(id).SlowDisk(context.Background(), by)
	}
	start := func() {}
	what := fmt.Sprintf("disks of %v slow by %v", ids, by)
	if n.rng.IntN(2) == 0 {
		n.wait(300)
		what += ", then killed"
		for _, id := range ids {
			n.must(n.e.Server(id).Kill(context.Background()))
		}
		start = func() {
			for _, id := range ids {
				n.must(n.e.Server(id).Start(context.Background()))
			}
		}
	}
	return what, func() {
		n.log("disks of %v as ever, and all run", ids)
		for _, id := range ids {
			_ = n.e.Server(id).SlowDisk(context.Background(), 0)
		}
		start()
	}
}
