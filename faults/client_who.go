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

// Who chooses the clients that a fault hits.
type Who string

// The choices of clients; see also [TheClient] and [Who.OrAny]. In a mix AnyWho takes
// turns: a holder, a waiter, the next in line, any client. Where no client is in the state
// that a turn asks for, the fault hits any other.
const (
	AnyWho   Who = ""
	Holder   Who = "holder"
	Waiter   Who = "waiter"
	Next     Who = "next" // the first waiter behind a holder
	Anyone   Who = "any"
	Everyone Who = "all"
)

// TheClient returns the choice of the client with that number, counted from 0.
func TheClient(id int) Who { return Who(clientPrefix + strconv.Itoa(id)) }

const clientPrefix = "client-"

// OrAny returns a choice that falls back to any client if w matches none.
func (w Who) OrAny() Who { return w + orAny }

const orAny = "-or-any"

// orElse splits the choice into its parts.
func (w Who) orElse() (first Who, anybody bool) {
	text, anybody := strings.CutSuffix(string(w), orAny)
	return Who(text), anybody
}

var whoList = []string{string(Holder), string(Waiter), string(Next), string(Anyone), string(Everyone)}

// whoWords are the choices as words. The words client-N and those with -or-any count, too.
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
		return fmt.Errorf("%q is not a choice of clients: give %s or %s0", s, strings.Join(whoList, ", "), clientPrefix)
	},
	examples: []string{clientPrefix + "0", string(Holder) + orAny},
}

// whoOption is the option who=, for faults whose word means something else.
var whoOption = Option{Key: "who", About: "which clients: " + strings.Join(whoList, ", ") + ", " + clientPrefix + "N", Example: string(Waiter), Check: whoWords.wrong}

// id returns the number of the client, if the choice names one.
func (w Who) id() (int, bool) {
	digits, ok := strings.CutPrefix(string(w), clientPrefix)
	if !ok {
		return 0, false
	}
	id, err := strconv.Atoi(digits)
	return id, err == nil && id >= 0 && strconv.Itoa(id) == digits
}

// patient are the choices that may find no client.
var patient = []Who{Holder, Waiter, Next}

// drawnWho returns the choice of clients for the n-th fault of a mix: mostly a holder or a waiter,
// since little can go wrong for other clients. If there is none, it falls back to any client.
func drawnWho(n int) Who {
	turns := []Who{Holder.OrAny(), Waiter.OrAny(), Next.OrAny(), Anyone}
	return turns[n%len(turns)]
}

// ofClients completes a kind whose only argument is the client that it hits. In a mix the
// choices take turns.
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

// withWho adds choices of clients that only this kind has.
func withWho(k Kind, own ...Who) Kind {
	k.words = whoWords
	k.words.list = nil
	for _, w := range own {
		k.words.list = append(k.words.list, string(w))
	}
	k.words.list = append(k.words.list, whoWords.list...)
	k.words.check = func(s string) error {
		if first, anybody := Who(s).orElse(); anybody && slices.Contains(own, first) {
			return nil
		}
		return whoWords.check(s)
	}
	return k
}

// choice chooses the clients that a fault hits.
type choice struct {
	who Who
	// early takes a client that is in the state now. Otherwise the fault must see
	// afterwards that the client was in the state until it was hit.
	early bool
	// alone excludes other faults on the client, also at a message. Faults at times always
	// exclude others.
	alone bool
}

// wait is how long a fault waits for a client in the state it asks for. It waits a quarter
// of that where any other client will do and no client was ever in the state in this run.
const wait = 2 * time.Second

// observed is longer than an event takes from the record to Activity.
const observed = 2 * time.Millisecond

// victim is a client that one fault has claimed.
type victim struct {
	client   Client
	session  link.Session // at that moment
	doing    string       // at that moment
	finished bool         // it held then, and has released since
	undo     func()       // undoes the fault; more than once is fine
}

// victims holds all clients that a fault has hit.
type victims []*victim

// action does something to a client. It must be quick; undo may be nil.
type action func(Client) (undo func(), err error)

// hit claims the chosen clients and acts on them. If it fails for one, it undoes
// everything.
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
	return nil, fmt.Errorf("no client did what %q asks for within %s: %w", c.who, wait, ErrNoTarget)
}

// everyone hits all clients that have a session and that no other fault has claimed.
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

// theClient hits one client, once it has a session and no other fault has claimed it.
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

// there hits the client whose message is stopped, now. Other faults on the same link do not
// matter: their effects add up. Points exist for pairs of faults in which the second hits
// what the client does about the first.
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

// hasSession reports whether the client has a session to harm; it has none while it opens a
// new one.
func hasSession(c Client) bool {
	s, ok := c.Link.Session()
	return ok && s.Connected && !s.Dead
}

// one hits a client that was in the state until it was hit. A hold may end just before
// that: then the client is let go and the search goes on. It returns nil when no client is
// found in time.
func (c choice) one(ctx context.Context, t *Target, rng *rand.Rand, find search, patience time.Duration, do action) (*victim, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		ids := find.await(ctx, t)
		for _, i := range rng.Perm(len(ids)) {
			client := t.client(ids[i])
			if !hasSession(client) {
				continue // it has not yet learned of its last expiry
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

// hitOne claims a client and acts on it. It returns nil if another fault has the client.
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

// strike acts on a client, and looks back at what the client was doing.
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
	// A holder that had begun to release when it was hit would finish the release.
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

// searches returns what to look for, best first.
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

// await waits until clients are found, or ctx ends.
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

// undo undoes the fault on every victim.
func (all victims) undo() {
	for _, s := range all {
		s.undo()
	}
}

// step describes the clients that were hit.
func (all victims) step(spec string) history.FaultStep {
	step := history.FaultStep{Spec: spec}
	for _, s := range all {
		step.Clients = append(step.Clients, s.client.ID)
		step.Sessions = append(step.Sessions, history.ID(s.session.ID))
	}
	return step
}

// each calls f for all victims at once and joins the errors.
func (all victims) each(f func(*victim) error) error {
	return together(all, f)
}
