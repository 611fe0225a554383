package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/link"
)

// Who says which client a fault is for.
type Who string

// The choices of clients; see also [TheClient] and [Who.OrAny]. AnyWho takes turns in
// a mix: one that holds, one that waits, the next in line, whoever comes; and where
// nobody does what its turn asks for, somebody else.
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

// OrAny is the choice with somebody else where nobody does what it asks for.
func (w Who) OrAny() Who { return w + orAny }

const orAny = "-or-any"

// orElse takes the choice apart.
func (w Who) orElse() (first Who, anybody bool) {
	text, anybody := strings.CutSuffix(string(w), orAny)
	return Who(text), anybody
}

var whoList = []string{string(Holder), string(Waiter), string(Next), string(Anyone), string(Everyone)}

// whoWords are the choices as words; client-N is one as well, and those with -or-any.
var whoWords = words{
	list: whoList,
	check: func(s string) error {
		if _, ok := Who(s).id(); ok {
			return nil
		}
		if first, anybody := Who(s).orElse(); anybody && slices.Contains(patient, first) {
			return nil
		}
		if strings.HasPrefix(s, clientPrefix) {
			return fmt.Errorf("%q names no client: write %s0 or %s1", s, clientPrefix, clientPrefix)
		}
		return fmt.Errorf("%q is no choice of clients: take %s or %s0", s, strings.Join(whoList, ", "), clientPrefix)
	},
	examples: []string{clientPrefix + "0", string(Holder) + orAny},
}

// whoOption is who=, for faults whose word says something else.
var whoOption = Option{Key: "who", About: "whose: " + strings.Join(whoList, ", ") + ", " + clientPrefix + "N", Example: string(Waiter), Check: whoWords.wrong}

// id is the number of the one client that is named.
func (w Who) id() (int, bool) {
	digits, ok := strings.CutPrefix(string(w), clientPrefix)
	if !ok {
		return 0, false
	}
	id, err := strconv.Atoi(digits)
	return id, err == nil && id >= 0 && strconv.Itoa(id) == digits
}

// patient are the choices that may find nobody.
var patient = []Who{Holder, Waiter, Next}

// drawnWho is whose turn it is for the n-th fault of a mix: mostly those that hold
// or wait, since little can go wrong for others; anybody will do where nobody does.
func drawnWho(n int) Who {
	turns := []Who{Holder.OrAny(), Waiter.OrAny(), Next.OrAny(), Anyone}
	return turns[n%len(turns)]
}

// ofClients completes a kind that takes nothing but whose client it is for. In a mix
// it takes turns.
func ofClients(k Kind, build func(Who) Fault) Kind {
	k.words = whoWords
	k.build = func(a arguments) Fault { return build(Who(a.word)) }
	if k.at.which != 0 {
		k.at = atClients(k.at.which, build)
	}
	k.vary = func(f Fault, n int, _ *rand.Rand) Fault {
		if f == k.build(arguments{}) {
			return build(drawnWho(n))
		}
		return f
	}
	return k
}

// choice is whom a fault hits.
type choice struct {
	who Who
	// early takes who does it now. Otherwise it must be seen afterwards that
	// the client did it until then.
	early bool
	// alone keeps out whoever has the client, at a message, too: elsewhere everybody does.
	alone bool
}

// wait is how long a fault waits for somebody to do what is asked for; a quarter
// of it where somebody else will do and nobody ever did it in this run.
const wait = 2 * time.Second

// observed is longer than an event takes from the record to Activity.
const observed = 2 * time.Millisecond

// victim is a client that a fault has to itself.
type victim struct {
	client   Client
	session  link.Session // that it had then
	doing    string       // at that moment
	finished bool         // it held then, and has given the hold up since
	undo     func()       // what was done to it; more than once is fine
}

// victims are all that a fault has hit.
type victims []*victim

// action is what a fault does to a client, which must be quick. undo may be nil.
type action func(Client) (undo func(), err error)

// hit does it to those who are meant, claims them, and undoes
// everything if it fails for one.
func (c choice) hit(ctx context.Context, t *Target, rng *rand.Rand, do action) (victims, error) {
	if c.who == Everyone {
		return everyone(t, do)
	}
	if id, ok := c.who.id(); ok {
		if t.meant(id) {
			return c.there(t, id, do)
		}
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
			return victims{s}, nil
		}
	}
	return nil, fmt.Errorf("nobody did what %q asks for within %s: %w", c.who, wait, ErrNoTarget)
}

// everyone hits all clients that have a session and are no other fault's.
func everyone(t *Target, do action) (victims, error) {
	var all victims
	for _, c := range t.Clients {
		if !hasSession(c) {
			continue
		}
		s, err := hitOne(t, c, do)
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

// theClient hits one client, once it has a session and no other fault has it.
func theClient(ctx context.Context, t *Target, id int, do action) (victims, error) {
	i := slices.IndexFunc(t.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("there is no client %d: they are numbered from 0 to %d: %w", id, len(t.Clients)-1, ErrNoTarget)
	}
	deadline := time.Now().Add(wait)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		if hasSession(t.Clients[i]) {
			s, err := hitOne(t, t.Clients[i], do)
			if err != nil {
				return nil, err
			}
			if s != nil {
				return victims{s}, nil
			}
		}
		time.Sleep(observed)
	}
	return nil, fmt.Errorf("client %d had no session, or another fault, for %s: %w", id, wait, ErrNoTarget)
}

// there hits the client whose message is stopped, now. It does not matter what other
// faults do to its link: that adds up. Two faults of which the second hits what the client
// does about the first are what points are for.
func (c choice) there(t *Target, id int, do action) (victims, error) {
	hit := strike
	if c.alone {
		hit = hitOne
	}
	s, err := hit(t, t.client(id), do)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("another fault has client %d: %w", id, ErrNoTarget)
	}
	return victims{s}, nil
}

// hasSession says whether there is a session to harm: not between two sessions.
func hasSession(c Client) bool {
	s, ok := c.Link.Session()
	return ok && s.Connected && !s.Dead
}

// one hits a client that is found, and was in its state until then. If
// it was not (a hold may end just before), it is let go, and another one is
// looked for. It gives nil when nobody comes.
func (c choice) one(ctx context.Context, t *Target, rng *rand.Rand, find search, patience time.Duration, do action) (*victim, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		ids := find.await(ctx, t)
		for _, i := range rng.Perm(len(ids)) {
			client := t.client(ids[i])
			if !hasSession(client) {
				continue // it still has to learn of its last expiry
			}
			s, err := hitOne(t, client, do)
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

// hitOne claims a client, and strikes. It gives nil if another fault has the client.
func hitOne(t *Target, c Client, do action) (*victim, error) {
	release, ok := t.Claims.Take("client " + strconv.Itoa(c.ID))
	if !ok {
		return nil, nil
	}
	s, err := strike(t, c, do)
	if err != nil {
		release()
		return nil, err
	}
	undo := s.undo
	s.undo = func() {
		undo()
		release()
	}
	return s, nil
}

// strike does it to a client, and looks back at what the client was doing.
func strike(t *Target, c Client, do action) (*victim, error) {
	s := &victim{client: c}
	s.session, _ = c.Link.Session()
	at := t.Now()
	undo, err := do(c)
	if err != nil {
		return nil, fmt.Errorf("client %d: %w", c.ID, err)
	}
	s.undo = func() {
		if undo != nil {
			undo()
		}
	}
	time.Sleep(observed)
	s.doing = t.Activity.At(c.ID, at)
	// A holder that had begun to release when it was hit would go on and do so.
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
	first, orElse := c.who.orElse()
	switch first {
	case Holder:
		all = []search{holding, waiting, anybody}
	case Waiter:
		all = []search{waiting, holding, anybody}
	case Next:
		all = []search{nextOnes, waiting, holding, anybody}
	default:
		return []search{anybody}
	}
	if orElse {
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
func (all victims) undo() {
	for _, s := range all {
		s.undo()
	}
}

// step describes whom it hit.
func (all victims) step(spec string) history.FaultStep {
	step := history.FaultStep{Spec: spec}
	for _, s := range all {
		step.Clients = append(step.Clients, s.client.ID)
		step.Sessions = append(step.Sessions, history.ID(s.session.ID))
	}
	return step
}

// each does something to all at once and joins what goes wrong.
func (all victims) each(f func(*victim) error) error {
	return together(all, f)
}
