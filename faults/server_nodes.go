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

// Nodes says which servers a fault is for. One, Minority, Majority and Followers
// are counted among the servers that vote; an observer is meant only by All, by
// its number, or by that of a client on it.
type Nodes string

// The node specifications, beside [ServerOf] and [Numbered]. AnyNodes leaves the
// choice to the fault, and in a mix to the schedule.
const (
	AnyNodes  Nodes = ""
	One       Nodes = "one"
	Minority  Nodes = "minority" // fewer than half, as many as that can be; one of two
	Majority  Nodes = "majority" // more than half, as few as that can be
	Leader    Nodes = "leader"
	Followers Nodes = "followers"
	All       Nodes = "all"
)

const (
	nodeOfClient = "client-"
	nodeNumber   = "server-"
)

// ServerOf means the server that a client is connected to: client-0.
func ServerOf(client int) Nodes { return Nodes(nodeOfClient + strconv.Itoa(client)) }

// Numbered means the server with that ID, from 1: server-2.
func Numbered(id int) Nodes { return Nodes(nodeNumber + strconv.Itoa(id)) }

// nodeWords are the specifications that need no number, and those that do.
var nodeWords = words{
	list:     []string{string(Leader), string(Followers), string(One), string(Minority), string(Majority), string(All)},
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
	return fmt.Errorf("%q is not leader, followers, one, minority, majority, all, client-<number> or server-<number>", word)
}

// number gives the N of client-N or server-N, written as it is written back.
func (n Nodes) number(prefix string, least int) (int, bool) {
	digits, ok := strings.CutPrefix(string(n), prefix)
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(digits)
	return number, err == nil && number >= least && strconv.Itoa(number) == digits
}

// or gives the default for a specification that was left open.
func (n Nodes) or(other Nodes) Nodes {
	if n == AnyNodes {
		return other
	}
	return n
}

// available says whether a specification can mean anything in an ensemble.
func (n Nodes) available(e ensemble.Ensemble) error {
	if err := nodeWords.wrong(string(n)); n != AnyNodes && err != nil {
		return fmt.Errorf("node specification %w", err)
	}
	if id, ok := n.number(nodeNumber, 1); ok && serverOf(e, id) == nil {
		return fmt.Errorf("there is no server %d: the ensemble has %d", id, len(e.Servers()))
	}
	if n == Followers && len(e.Servers()) < 2 {
		return fmt.Errorf("one server alone has no followers")
	}
	if n == Leader || n == Followers {
		if err := lacks(e, ensemble.CanTellRole); err != nil {
			return fmt.Errorf("%w: name servers, as in %s or %s2", err, One, nodeNumber)
		}
	}
	return nil
}

// choose gives the servers that a specification means now; where it leaves a
// choice, servers that no other fault has. It claims none of them.
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
	return nil, fmt.Errorf("no nodes were given")
}

// take is choose, and claims each server by a name such as "server 2".
func (n Nodes) take(ctx context.Context, t *Target, rng *rand.Rand, what string) ([]ensemble.Server, func(), error) {
	servers, err := n.choose(ctx, t, rng)
	if err != nil {
		return nil, nil, err
	}
	release, err := t.claim(claimsOf(what, servers)...)
	return servers, release, err
}

// claim is Claims.Take with an error for people.
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

// some draws n servers, those first that nobody has claimed.
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
	if t.Claims.has("server " + strconv.Itoa(s.ID())) {
		return 1
	}
	return 0
}

// serverOf gives the server that a client is connected to.
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

// serverOf gives the server with an ID, nil if there is none.
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

// votersOf leaves out the servers that say that they observe. One that says
// nothing, being down or paused, votes for all that we know.
func votersOf(ctx context.Context, servers []ensemble.Server) []ensemble.Server {
	return those(ctx, servers, func(s ensemble.Status, err error) bool { return err != nil || s.Role != ensemble.Observer })
}

// serving gives the servers that say that they are part of a majority.
func serving(ctx context.Context, e ensemble.Ensemble) []ensemble.Server {
	return those(ctx, e.Servers(), func(_ ensemble.Status, err error) bool { return err == nil })
}

var errNobodyServes = fmt.Errorf("no server serves: %w", ErrNoTarget)

// those gives the servers of whose status it is true, or of the error in its
// place. All are asked at once, and nobody waits long for one that is silent.
func those(ctx context.Context, servers []ensemble.Server, are func(ensemble.Status, error) bool) []ensemble.Server {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	var first sync.Once
	chosen := make([]bool, len(servers))
	each(servers, func(i int) {
		status, err := servers[i].Status(ctx)
		chosen[i] = are(status, err)
		if err == nil { // a busy machine makes all of them slow, and some are refused at once
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

// together does something to all of them at once and joins what goes wrong.
func together[T any](of []T, do func(T) error) error {
	return await.All(of, func(_ int, v T) error { return do(v) })
}

// inTurn does something to all of them, one after the other, also when one fails,
// and joins what goes wrong.
func inTurn[T any](of []T, do func(T) error) error {
	var errs []error
	for _, x := range of {
		errs = append(errs, do(x))
	}
	return errors.Join(errs...)
}

// onServer is what went wrong with a server, in words such as "start server %d".
func onServer(what string, s ensemble.Server, err error) error {
	if err != nil {
		err = fmt.Errorf(what+": %w", s.ID(), err)
	}
	return err
}

// noAnswer is how long a server must leave a question unanswered to be called
// silent: a healthy one answers in milliseconds.
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

// ofServers completes a kind that takes nothing but servers. In a mix each third is the
// leader, the most telling of all, and the others are drawn.
func ofServers(k Kind, build func(Nodes) Fault, choices ...Nodes) Kind {
	k.build = func(a arguments) Fault { return build(Nodes(a.word)) }
	if k.words.check != nil { // any server will do
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
