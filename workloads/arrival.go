package workloads

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Arrival is one time at which a client begins something in the load: one operation, or a
// few that belong together. What the client does follows from the seed, from whose random
// draws it makes, and from the arrival's number.
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

// String is the arrival as [ParseArrival] reads it: client3#7, all#2.
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

// arrives decides, before a client draws what it does at an arrival, whether it does it. If
// not, the client draws as usual, so that later arrivals are the same, but its operations
// are left out until the next arrival.
func (c *Client) arrives(e *Env, number int) { c.idle = !e.begins(c.ID, number) }

// source returns the client whose random draws a client makes.
func (e *Env) source(client int) int {
	if client < len(e.Sources) {
		return e.Sources[client]
	}
	return client
}
