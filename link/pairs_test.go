package link

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Every two things that a link can do are done at the same time, and undone in either order.
func TestPairsOfFaults(t *testing.T) {
	for seed := range uint64(5) {
		inLab(t, func(t *testing.T, x *lab) {
			rng := rand.New(rand.NewPCG(seed, 2))
			for _, a := range features {
				for _, b := range features {
					x.pair(rng, a, b)
				}
			}
		})
	}
}

// pair does both while the client works, undoes them, and checks that the client continues.
func (x *lab) pair(rng *rand.Rand, a, b feature) {
	x.t.Helper()
	pause := func() { time.Sleep(time.Duration(rng.IntN(1000)) * time.Millisecond) }
	undo := []func(){a.do(x.link, rng, x.servers)}
	worked := make(chan error, 1)
	go func() { worked <- x.create("a") }()
	pause()
	undo = append(undo, b.do(x.link, rng, x.servers))
	pause()
	rng.Shuffle(2, func(i, j int) { undo[i], undo[j] = undo[j], undo[i] })
	undo[0]()
	pause()
	undo[1]()
	if err := x.link.Clean(); err != nil {
		x.t.Fatalf("%s and %s: %v", a.name, b.name, err)
	}
	<-worked
	name := strings.ReplaceAll(a.name+" "+b.name, " ", "-")
	x.works(name)
	if !x.exists(name) || !x.session().Connected {
		x.t.Fatalf("%s and %s: the client does not recover", a.name, b.name)
	}
}
