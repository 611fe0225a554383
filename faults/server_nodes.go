package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
)

// Nodes chooses the servers that a fault hits. One, Minority, Majority and Followers choose among
// the voters. Only Observer, All, a server's number, or a client connected to it can mean an
// observer.
type Nodes string

// The node specifications; see also [ServerOf] and [Numbered]. AnyNodes leaves the choice
// to the fault, and in a mix to the schedule.
const (
	AnyNodes  Nodes = ""
	One       Nodes = "one"
	Minority  Nodes = "minority" // the largest number below half; one of two
	Majority  Nodes = "majority" // the smallest number above half
	Leader    Nodes = "leader"
	Followers Nodes = "followers"
	Observer  Nodes = "observer" // one of the observers
	All       Nodes = "all"
)

const (
	nodeOfClient = "client-"
	nodeNumber   = "server-"
)

// ServerOf returns the choice of the server that a client is connected to: client-0.
func ServerOf(client int) Nodes { return Nodes(nodeOfClient + strconv.Itoa(client)) }

// Numbered returns the choice of the server with that ID, from 1: server-2.
func Numbered(id int) Nodes { return Nodes(nodeNumber + strconv.Itoa(id)) }

// nodeWords are the specifications without a number, and the forms of those with one.
var nodeWords = words{
	list:     []string{string(Leader), string(Followers), string(Observer), string(One), string(Minority), string(Majority), string(All)},
	check:    numberedNodes,
	examples: []string{nodeNumber + "2", nodeOfClient + "0"},
}

func numberedNodes(word string) error {
	n := Nodes(word)
	if _, ok := n.number(nodeNumber, 1); ok {
		return nil
	}
	if _, ok := n.number(nodeOfClient, 0); ok {
		return nil
	}
	return fmt.Errorf("%q is not leader, followers, observer, one, minority, majority, all, client-<number> or server-<number>", word)
}

// number returns the N of client-N or server-N, if it is written in canonical form.
func (n Nodes) number(prefix string, least int) (int, bool) {
	digits, ok := strings.CutPrefix(string(n), prefix)
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	return number, err == nil && number >= least && strconv.Itoa(number) == digits
}

// or returns n, or the default if n was left open.
func (n Nodes) or(other Nodes) Nodes {
	if n == AnyNodes {
		return other
	}
	return n
}

// available checks that a specification can mean a server of an ensemble.
func (n Nodes) available(e ensemble.Ensemble) error {
	if err := nodeWords.wrong(string(n)); n != AnyNodes && err != nil {
		return fmt.Errorf("servers: %w", err)
	}
	if id, ok := n.number(nodeNumber, 1); ok && serverOf(e, id) == nil {
		return fmt.Errorf("there is no server %d: the ensemble has %d", id, len(e.Servers()))
	}
	if n == Followers && len(e.Servers()) < 2 {
		return fmt.Errorf("a single server has no followers")
	}
	if counted, knows := e.(ensemble.ObserverCounter); n == Observer && knows && counted.Observers() == 0 {
		return errNoObserver
	}
	if n == Leader || n == Followers || n == Observer {
		if err := lacks(e, ensemble.CanTellRole); err != nil {
			return fmt.Errorf("%w: name servers, as in %s or %s2", err, One, nodeNumber)
		}
	}
	return nil
}

var errNoObserver = errors.New("no server is an observer: take followers, or an ensemble with observers (embedded.Config.Observers, zklab ensemble up --observers)")

// choose returns the servers that a specification means now. Where it leaves a choice, it
// prefers servers that no other fault has claimed. It claims none itself.
func (n Nodes) choose(ctx context.Context, t *Target, rng *rand.Rand) ([]ensemble.Server, error) {
	if err := n.available(t.Ensemble); err != nil {
		return nil, err
	}
	servers := t.Ensemble.Servers()
	if id, ok := n.number(nodeNumber, 1); ok {
		return []ensemble.Server{serverOf(t.Ensemble, id)}, nil
	}
	if id, ok := n.number(nodeOfClient, 0); ok {
		return t.serverOf(id)
	}
	if n == All {
		return servers, nil
	}
	if n == Leader {
		leader, err := leaderOf(ctx, servers)
		return []ensemble.Server{leader}, err
	}
	if n == Observer {
		return t.observer(ctx, servers, rng)
	}
	voters := votersOf(ctx, servers)
	switch n {
	case Followers:
		leader, err := leaderOf(ctx, servers)
		return slices.DeleteFunc(voters, func(s ensemble.Server) bool { return err == nil && s.ID() == leader.ID() }), err
	case One:
		return t.some(voters, 1, rng), nil
	case Minority:
		return t.some(voters, max(1, (len(voters)-1)/2), rng), nil
	case Majority:
		return t.some(voters, len(voters)/2+1, rng), nil
	}
	return nil, fmt.Errorf("no servers were given")
}

// observer draws one of the servers that report to be observers.
func (t *Target) observer(ctx context.Context, servers []ensemble.Server, rng *rand.Rand) ([]ensemble.Server, error) {
	all := those(ctx, servers, func(s ensemble.Status, err error) bool { return err == nil && s.Role == ensemble.Observer })
	if len(all) == 0 {
		return nil, fmt.Errorf("no server reports that it is an observer: %w", ErrNoTarget)
	}
	return t.some(all, 1, rng), nil
}

// take is like choose, and claims each server by a name such as "server 2".
func (n Nodes) take(ctx context.Context, t *Target, rng *rand.Rand, what string) ([]ensemble.Server, func(), error) {
	servers, err := n.choose(ctx, t, rng)
	if err != nil {
		return nil, nil, err
	}
	release, err := t.claim(claimsOf(what, servers)...)
	return servers, release, err
}

// claim is like Claims.Take, with an error for people.
func (t *Target) claim(names ...string) (func(), error) {
	release, ok := t.Claims.Take(names...)
	if !ok {
		return nil, fmt.Errorf("another fault has %s: %w", strings.Join(names, " or "), ErrNoTarget)
	}
	return release, nil
}

func claimsOf(what string, servers []ensemble.Server) []string {
	var names []string
	for _, s := range servers {
		names = append(names, fmt.Sprintf("%s %d", what, s.ID()))
	}
	return names
}

// some draws n servers, preferring those that no fault has claimed.
func (t *Target) some(servers []ensemble.Server, n int, rng *rand.Rand) []ensemble.Server {
	drawn := make([]ensemble.Server, 0, len(servers))
	for _, i := range rng.Perm(len(servers)) {
		drawn = append(drawn, servers[i])
	}
	slices.SortStableFunc(drawn, func(a, b ensemble.Server) int {
		return t.claimed(a) - t.claimed(b)
	})
	return drawn[:min(n, len(drawn))]
}

func (t *Target) claimed(s ensemble.Server) int {
	if slices.Contains(t.Claims.all(), "server "+strconv.Itoa(s.ID())) {
		return 1
	}
	return 0
}

// serverOf returns the server that a client is connected to.
func (t *Target) serverOf(client int) ([]ensemble.Server, error) {
	i := slices.IndexFunc(t.Clients, func(c Client) bool { return c.ID == client })
	if i < 0 {
		return nil, fmt.Errorf("there is no client %d, but %d from 0: %w", client, len(t.Clients), ErrNoTarget)
	}
	if session, ok := t.Clients[i].Link.Session(); ok && session.Connected {
		for _, s := range t.Ensemble.Servers() {
			if s.Addr() == session.Server {
				return []ensemble.Server{s}, nil
			}
		}
	}
	return nil, fmt.Errorf("client %d is not connected: %w", client, ErrNoTarget)
}

// serverOf returns the server with an ID; nil if there is none.
func serverOf(e ensemble.Ensemble, id int) ensemble.Server {
	for _, s := range e.Servers() {
		if s.ID() == id {
			return s
		}
	}
	return nil
}

func leaderOf(ctx context.Context, servers []ensemble.Server) (ensemble.Server, error) {
	leader, _, err := ensemble.LeaderOf(ctx, servers)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoTarget, err)
	}
	return leader, nil
}

// votersOf leaves out the servers that report to be observers. A server that does not
// answer, because it is down or paused, counts as a voter.
func votersOf(ctx context.Context, servers []ensemble.Server) []ensemble.Server {
	return those(ctx, servers, func(s ensemble.Status, err error) bool { return err != nil || s.Role != ensemble.Observer })
}

// serving returns the servers that report to be part of a majority.
func serving(ctx context.Context, e ensemble.Ensemble) []ensemble.Server {
	return those(ctx, e.Servers(), func(_ ensemble.Status, err error) bool { return err == nil })
}

var errNobodyServes = fmt.Errorf("no server serves: %w", ErrNoTarget)

// those returns the servers whose status, or error, satisfies are. It asks all servers at
// once, so that a silent one does not hold up the others.
func those(ctx context.Context, servers []ensemble.Server, are func(ensemble.Status, error) bool) []ensemble.Server {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	var first sync.Once
	chosen := make([]bool, len(servers))
	each(servers, func(i int) {
		status, err := servers[i].Status(ctx)
		chosen[i] = are(status, err)
		if err == nil { // on a busy machine all are slow, and some are refused at once
			first.Do(func() { time.AfterFunc(noAnswer, cancel) })
		}
	})
	var list []ensemble.Server
	for i, s := range servers {
		if chosen[i] {
			list = append(list, s)
		}
	}
	return list
}

// each calls do for every index at once and waits.
func each[T any](of []T, do func(i int)) {
	_ = await.All(of, func(i int, _ T) error {
		do(i)
		return nil
	})
}

// together calls do for all elements at once and joins the errors.
func together[T any](of []T, do func(T) error) error {
	return await.All(of, func(_ int, v T) error { return do(v) })
}

// inTurn calls do for all elements, one after the other, even if one fails, and joins the
// errors.
func inTurn[T any](of []T, do func(T) error) error {
	var errs []error
	for _, x := range of {
		errs = append(errs, do(x))
	}
	return errors.Join(errs...)
}

// onServer wraps an error with words about a server, such as "start server %d".
func onServer(what string, s ensemble.Server, err error) error {
	if err != nil {
		err = fmt.Errorf(what+": %w", s.ID(), err)
	}
	return err
}

// noAnswer is how long a server must leave a question unanswered to count as silent: a
// healthy one answers in milliseconds.
const noAnswer = 300 * time.Millisecond

func addresses(servers []ensemble.Server) map[string]bool {
	set := map[string]bool{}
	for _, s := range servers {
		set[s.Addr()] = true
	}
	return set
}

func idsOf(servers []ensemble.Server) []int {
	var ids []int
	for _, s := range servers {
		ids = append(ids, s.ID())
	}
	slices.Sort(ids)
	return ids
}

// ofServers completes a kind whose only argument is servers. In a mix every third fault
// hits the leader, which has the most effect; the others are drawn.
func ofServers(k Kind, build func(Nodes) Fault, choices ...Nodes) Kind {
	k.build = func(a arguments) Fault { return build(Nodes(a.word)) }
	if k.words.check != nil { // any server is valid
		k.at = atServers(build)
	}
	k.vary = func(f Fault, n int, rng *rand.Rand) Fault {
		switch {
		case f != build(AnyNodes):
			return f
		case n%3 == 0:
			return build(Leader)
		}
		return build(choices[rng.IntN(len(choices))])
	}
	return k
}

// countVoters counts the servers that are not observers, also where they cannot be asked.
func countVoters(e ensemble.Ensemble) int {
	voters := len(e.Servers())
	if counted, knows := e.(ensemble.ObserverCounter); knows {
		voters -= counted.Observers()
	}
	return voters
}

// unchosen returns the servers that were not chosen.
func unchosen(all, chosen []ensemble.Server) []ensemble.Server {
	ids := idsOf(chosen)
	return slices.DeleteFunc(slices.Clone(all), func(s ensemble.Server) bool { return slices.Contains(ids, s.ID()) })
}
