package workloads

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Arrival is one time at which a client begins something in the load: one operation, or a
// few that belong together. What the client does follows from the seed, from the arrival's number,
// and from the client whose random draws it makes (Env.Sources).
type Arrival struct {
	Client int // or Together
	Number int // from 1
}

// Together is the client of arrivals at which all clients begin at once, as in rounds.
const Together = -1

const (
	arrivalClient   = "client"
	arrivalTogether = "all"
)

// String returns the form that [ParseArrival] reads, such as client3#7 or all#2.
func (a Arrival) String() string {
	who := arrivalTogether
	if a.Client != Together {
		who = arrivalClient + strconv.Itoa(a.Client)
	}
	return who + "#" + strconv.Itoa(a.Number)
}

// ParseArrival reads what [Arrival.String] writes.
func ParseArrival(text string) (a Arrival, err error) {
	who, number, _ := strings.Cut(text, "#")
	a.Client = Together
	if id, ok := strings.CutPrefix(who, arrivalClient); ok {
		a.Client, err = strconv.Atoi(id)
	} else if who != arrivalTogether {
		err = errors.New("whose it is")
	}
	n, wrong := strconv.Atoi(number)
	if a.Number = n; err != nil || wrong != nil || n < 1 || a.Client < Together || a.String() != text {
		return a, fmt.Errorf("%.40q is not an arrival: write %s, or %s for a round", text, Arrival{0, 1}, Arrival{Together, 1})
	}
	return a, nil
}

// errLeftOut is the error of operations of an arrival that was left out.
var errLeftOut = errors.New("this arrival was left out")

// begins reports whether an arrival takes place, and calls OnArrival if it does. It is safe
// for concurrent use.
func (e *Env) begins(client, number int) bool {
	a := Arrival{client, number}
	if e.Arrivals != nil && !slices.Contains(e.Arrivals, a) {
		return false
	}
	if e.OnArrival != nil {
		e.OnArrival(a)
	}
	return true
}

// EachArrival is the load of a workload: for all clients at once, it calls f at each arrival that takes
// place, with the arrival's number from 1 and its time on the recorder's clock, until the load is over or
// each client had as many arrivals as it should. It returns when the last call has returned. operations is
// the number of operations of each arrival, from which the rate of arrivals follows. Each call gets its
// own rng: what f draws follows from the seed, the client and the arrival, and does not depend on which
// other arrivals take place, so that a run can be shrunk.
func (e *Env) EachArrival(ctx context.Context, over <-chan struct{}, operations int, f func(c *Client, number int, at time.Duration, rng *rand.Rand)) {
	e.eachArrival(ctx, over, operations, func(c *Client, n int, at time.Duration, rng *rand.Rand) {
		own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		if !c.idle {
			f(c, n, at, own)
		}
	})
}

// eachArrival is EachArrival for an f that draws from one generator for all arrivals of a client. It therefore calls
// f also at an arrival that is left out, while the client is idle.
func (e *Env) eachArrival(ctx context.Context, over <-chan struct{}, operations int, f func(c *Client, number int, at time.Duration, rng *rand.Rand)) {
	e.each(func(c *Client) {
		rng := random(e, c.ID)
		for n, at := range newPace(e, operations, rng).arrivals(ctx, over) {
			c.arrives(e, n)
			f(c, n, at, rng)
		}
	})
}

// arrives decides whether a client acts at an arrival, before it draws what to do. If not, the
// client draws as usual, so that later arrivals are the same, but its operations are left out until
// the next arrival.
func (c *Client) arrives(e *Env, number int) { c.idle = !e.begins(c.ID, number) }

// source returns the client whose random draws a client makes.
func (e *Env) source(client int) int {
	if client < len(e.Sources) {
		return e.Sources[client]
	}
	return client
}
