package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/faults/link"
	"github.com/zklab/zklab/history"
)

// Who says which client a fault is for.
type Who string

// The choices of clients; see also [TheClient]. AnyWho takes turns in a mix: one
// that holds, one that waits, the next in line, whoever comes; and where nobody
// does what its turn asks for, somebody else.
const (
	AnyWho   Who = ""
	Holder   Who = "holder"
	Waiter   Who = "waiter"
	Next     Who = "next" // the first of those who wait for what somebody holds
	Anyone   Who = "any"
	Everyone Who = "all"
)

// TheClient is the client with that number, from 0.
func TheClient(id int) Who { return Who(clientPrefix + strconv.Itoa(id)) }

const clientPrefix = "client-"

// whoWords are the choices as words; client-N is one as well (whoWord).
var whoWords = []string{string(Holder), string(Waiter), string(Next), string(Anyone), string(Everyone)}

// whoWord says what is wrong with a choice that is none of whoWords.
func whoWord(s string) error {
	if _, ok := Who(s).id(); ok {
		return nil
	}
	if strings.HasPrefix(s, clientPrefix) {
		return fmt.Errorf("%q names no client: write %s0 or %s1", s, clientPrefix, clientPrefix)
	}
	return fmt.Errorf("%q is no choice of clients: take %s or %s0", s, strings.Join(whoWords, ", "), clientPrefix)
}

// checkWho says what is wrong with the value of who=.
func checkWho(s string) error {
	if slices.Contains(whoWords, s) {
		return nil
	}
	return whoWord(s)
}

// whoExamples are words that need a number.
var whoExamples = []string{clientPrefix + "0"}

// whoOption is who=, for faults whose word says something else.
var whoOption = option{key: "who", about: "whose: " + strings.Join(whoWords, ", ") + ", " + clientPrefix + "N", example: string(Waiter), check: checkWho}

// id is the number of the one client that is named.
func (w Who) id() (int, bool) {
	digits, ok := strings.CutPrefix(string(w), clientPrefix)
	if !ok {
		return 0, false
	}
	id, err := strconv.Atoi(digits)
	return id, err == nil && id >= 0 && strconv.Itoa(id) == digits
}

// turn is whose turn it is for the n-th fault of a mix: mostly those that hold
// or wait, since little can go wrong for others.
func turn(n int) Who {
	turns := []Who{Holder, Waiter, Next, Anyone}
	return turns[n%len(turns)]
}

// choice is whom a fault strikes.
type choice struct {
	who Who
	// orElse takes somebody else where nobody does what who asks for.
	orElse bool
	// early takes who does it now. Otherwise it must be seen after the strike that
	// the client did it until then.
	early bool
}

// wait is how long a fault waits for somebody to do what is asked for; a quarter
// of it where somebody else will do and nobody ever did it in this run.
const wait = 2 * time.Second

// observed is longer than an event takes from the record to Activity.
const observed = 2 * time.Millisecond

// struck is a client that a fault has to itself.
type struck struct {
	client   Client
	session  link.Session // that it had then
	doing    string       // at that moment
	finished bool         // it held then, and has given the hold up since
	undo     func()       // what was done to it; more than once is fine
}

// strikes are all that a fault has struck.
type strikes []*struck

// deed is what a fault does to a client, which must be quick. undo may be nil.
type deed func(Client) (undo func(), err error)

// strike does the deed to those who are meant, claims them, and undoes
// everything if it fails for one.
func (c choice) strike(ctx context.Context, t *Target, rng *rand.Rand, do deed) (strikes, error) {
	if c.who == Everyone {
		return everyone(t, do)
	}
	if id, ok := c.who.id(); ok {
		return theClient(ctx, t, id, do)
	}
	searches := c.searches()
	for i, find := range searches {
		patience := wait
		if i < len(searches)-1 && !t.Activity.Ever(find.states...) {
			patience = wait / 4
		}
		s, err := c.one(ctx, t, rng, find, patience, do)
		if err != nil {
			return nil, err
		}
		if s != nil {
			return strikes{s}, nil
		}
	}
	return nil, fmt.Errorf("nobody did what %q asks for within %s: %w", c.who, wait, ErrNoTarget)
}

// everyone strikes all clients that have a session and are no other fault's.
func everyone(t *Target, do deed) (strikes, error) {
	var all strikes
	for _, c := range t.Clients {
		if !hasSession(c) {
			continue
		}
		s, err := hit(t, c, do)
		if err != nil {
			all.undo()
			return nil, err
		}
		if s != nil {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no client has a session: %w", ErrNoTarget)
	}
	return all, nil
}

// theClient strikes one client, once it has a session and no other fault has it.
func theClient(ctx context.Context, t *Target, id int, do deed) (strikes, error) {
	i := slices.IndexFunc(t.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("there is no client %d: they are numbered from 0 to %d: %w", id, len(t.Clients)-1, ErrNoTarget)
	}
	deadline := time.Now().Add(wait)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if hasSession(t.Clients[i]) {
			s, err := hit(t, t.Clients[i], do)
			if err != nil {
				return nil, err
			}
			if s != nil {
				return strikes{s}, nil
			}
		}
		time.Sleep(observed)
	}
	return nil, fmt.Errorf("client %d had no session, or another fault, for %s: %w", id, wait, ErrNoTarget)
}

// hasSession says whether there is a session to harm: not between two sessions.
func hasSession(c Client) bool {
	s, ok := c.Link.Session()
	return ok && s.Connected && !s.Dead
}

// one strikes a client that is found, and was in its state until the strike. If
// it was not (a hold may end just before), it is let go, and another one is
// looked for. It gives nil when nobody comes.
func (c choice) one(ctx context.Context, t *Target, rng *rand.Rand, find search, patience time.Duration, do deed) (*struck, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		ids := find.await(ctx, t)
		for _, i := range rng.Perm(len(ids)) {
			client := t.client(ids[i])
			if !hasSession(client) {
				continue // it still has to learn of its last expiry
			}
			s, err := hit(t, client, do)
			if err != nil {
				return nil, err
			}
			if s == nil {
				continue // another fault has it
			}
			if c.early || slices.Contains(find.states, s.doing) && !s.finished {
				return s, nil
			}
			s.undo()
			break
		}
		doze(ctx, observed)
	}
	return nil, nil
}

// hit claims a client, does the deed, and looks back at what the client was
// doing. It gives nil if another fault has the client.
func hit(t *Target, c Client, do deed) (*struck, error) {
	release, ok := t.Claims.Take("client " + strconv.Itoa(c.ID))
	if !ok {
		return nil, nil
	}
	s := &struck{client: c}
	s.session, _ = c.Link.Session()
	at := t.Now()
	undo, err := do(c)
	if err != nil {
		release()
		return nil, fmt.Errorf("client %d: %w", c.ID, err)
	}
	s.undo = func() {
		if undo != nil {
			undo()
		}
		release()
	}
	time.Sleep(observed)
	s.doing = t.Activity.At(c.ID, at)
	// A holder that had begun to release when it was struck would go on and do so.
	s.finished = s.doing == Holding && t.Activity.At(c.ID, t.Now()) != Holding
	return s, nil
}

// search finds clients: those in one of the states, or the next in line.
type search struct {
	states []string
	line   bool
}

var (
	holding  = search{states: []string{Holding}}
	waiting  = search{states: []string{Waiting}}
	nextOnes = search{states: []string{Waiting}, line: true}
	anybody  = search{states: []string{Holding, Waiting, Idle}}
)

// searches gives what to look for, best first.
func (c choice) searches() []search {
	var all []search
	switch c.who {
	case Holder:
		all = []search{holding, waiting, anybody}
	case Waiter:
		all = []search{waiting, holding, anybody}
	case Next:
		all = []search{nextOnes, waiting, holding, anybody}
	default:
		return []search{anybody}
	}
	if c.orElse {
		return all
	}
	return all[:1]
}

// await waits for clients that are found, until ctx ends.
func (s search) await(ctx context.Context, t *Target) []int {
	for {
		ids, changed := t.Activity.Who(t.Clients, s.states...)
		if s.line && len(ids) > 0 {
			ids = t.nextInLine(ctx)
		}
		if len(ids) > 0 {
			return ids
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}

func (t *Target) client(id int) Client {
	for _, c := range t.Clients {
		if c.ID == id {
			return c
		}
	}
	return Client{}
}

// undo lets all go.
func (all strikes) undo() {
	for _, s := range all {
		s.undo()
	}
}

// step describes whom it hit.
func (all strikes) step(spec string) history.FaultStep {
	step := history.FaultStep{Spec: spec}
	for _, s := range all {
		step.Clients = append(step.Clients, s.client.ID)
		step.Sessions = append(step.Sessions, history.ID(s.session.ID))
	}
	return step
}

// each does something to all at once and joins what goes wrong.
func (all strikes) each(f func(*struck) error) error {
	return together(all, f)
}
