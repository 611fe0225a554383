package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/faults/kinds"
	"github.com/zklab/zklab/internal/zk/wire"
)

// Reconfig removes servers from the ensemble while clients work, and adds them again as what they were
// ("ZooKeeper Dynamic Reconfiguration"). Their votes and acknowledgements count no longer. The servers that stay are
// two voters at least: one alone would be an ensemble that no server may leave. No other fault hits servers or their
// network meanwhile: the smaller ensemble might have no majority then, and nobody could join it. The zero value
// removes the leader.
//
// Measured on 3.9.3 in containers: a follower that is removed goes on to follow and to serve its clients ("Follower
// sid: 3 not in the current config"). A leader that is removed commits that, answers, and steps down 0.3 s later ("this
// leader is not the designated leader anymore"). Until then it reports that it leads, while another leads already;
// then it follows, and all clients connect anew. A server that is killed and started while it is no member ends at
// once ("My id 3 not in the peer list"), also after it was added again: it reads its own file, which does not list
// it. So nothing may kill it meanwhile.
type Reconfig struct {
	Nodes Nodes // any but Majority, Followers and All
}

var _ = declare(kinds.Reconfig, ofServers(Kind{
	About: "removes servers from the ensemble by reconfig; they are added again at the end",
	guide: []row{{"", "a client removes them from the ensemble with `reconfig`; the processes go on. The ensemble must be started for this", "`/zookeeper/config`, read through each of the others after a `sync`, does not list them", "they are added with their former addresses and parts; each server lists them, and they serve"}},
	words: nodeWords,
}, func(n Nodes) Fault { return Reconfig{n} }, Leader, One, Minority))

// Kind returns "reconfig".
func (Reconfig) Kind() string { return kinds.Reconfig.Name }

// Spec returns reconfig, or reconfig:<nodes>.
func (f Reconfig) Spec() string { return spec(kinds.Reconfig, string(f.Nodes)) }

// Needs asks for an ensemble whose servers carry out reconfig.
func (Reconfig) Needs() ensemble.Ability { return ensemble.CanReconfigure }

// leastVoters is how many voters must remain: one alone would be an ensemble of which no server may leave.
const leastVoters = 2

// Available checks that zklab may reconfigure the ensemble, and that enough voters remain.
func (f Reconfig) Available(s Setting) error {
	if err := theEnsemble[ensemble.Reconfigurer](s.Ensemble, "zklab reconfigures only ensembles that it has started, and this one is %s", ensemble.CanReconfigure); err != nil {
		return err
	}
	n := f.Nodes.or(Leader)
	if n == Majority || n == Followers || n == All {
		return fmt.Errorf("reconfig:%s would leave no sound majority: give one, leader, minority, observer or a server", n)
	}
	if voters := countVoters(s.Ensemble); voters <= leastVoters && n != Observer {
		return fmt.Errorf("reconfig needs three voters, so that two remain: the ensemble has %d, and one alone would be lost with its server", voters)
	}
	return n.available(s.Ensemble)
}

// Inject removes the chosen servers from the configuration.
func (f Reconfig) Inject(ctx context.Context, t *Target, rng *rand.Rand) (Effect, error) {
	f.Nodes = f.Nodes.or(Leader)
	chosen, err := f.Nodes.choose(ctx, t, rng)
	if err != nil {
		return nil, err
	}
	all := t.Ensemble.Servers()
	claims := append(claimsOf("server", all), "network")
	release, err := t.claim(claims...)
	if err != nil {
		return nil, err
	}
	e := &removed{target: t, servers: chosen, claims: claims, effect: effect{release: release}}
	e.step.Spec, e.step.Servers, e.step.Clients = f.Spec(), idsOf(chosen), t.on(addresses(chosen))
	e.others = unchosen(all, chosen)
	if err := e.remember(ctx); err != nil {
		return nil, undo(ctx, e, err)
	}
	leave := &wire.ReconfigRequest{Leaving: listed(e.step.Servers), FromConfig: e.former.version}
	if err := e.change(ctx, leave, e.gone); err != nil {
		if hopeless(err) {
			e.former = configuration{} // nothing was removed, and nothing can be added
		}
		return nil, undo(ctx, e, fmt.Errorf("remove server %s: %w", listed(e.step.Servers), err))
	}
	return e, nil
}

// removed are servers that were removed from the ensemble.
type removed struct {
	effect
	target  *Target
	servers []ensemble.Server
	others  []ensemble.Server // those that stay
	claims  []string
	former  configuration // before the fault
}

// remember reads the configuration before the fault.
func (e *removed) remember(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	var err error
	for _, s := range e.others {
		if e.former, err = configThrough(ctx, e.target.Ensemble, s); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("before the fault: %w: %w", err, ErrNoTarget)
	}
	for _, id := range e.step.Servers {
		if e.former.members[strconv.Itoa(id)] == "" {
			return fmt.Errorf("the configuration does not list server %d: %w", id, ErrNoTarget)
		}
	}
	return nil
}

// join returns the request that adds the servers as what they were.
func (e *removed) join() *wire.ReconfigRequest {
	var lines []string
	for _, id := range e.step.Servers {
		lines = append(lines, fmt.Sprintf("server.%d=%s", id, e.former.members[strconv.Itoa(id)]))
	}
	return &wire.ReconfigRequest{Joining: strings.Join(lines, ","), FromConfig: -1}
}

// gone returns an error if a configuration lists one of the servers.
func (e *removed) gone(c configuration) error {
	for _, id := range e.step.Servers {
		if _, is := c.members[strconv.Itoa(id)]; is {
			return fmt.Errorf("the configuration still lists server %d", id)
		}
	}
	return nil
}

// back returns an error if a configuration does not list the servers as it did, or if a removal that was sent
// could still be carried out: that is for the version before the fault alone.
func (e *removed) back(c configuration) error {
	if c.version == e.former.version {
		return errors.New("the configuration has not changed")
	}
	for _, id := range e.step.Servers {
		if is, was := c.members[strconv.Itoa(id)], e.former.members[strconv.Itoa(id)]; is != was {
			return fmt.Errorf("the configuration lists server %d as %q, and before as %q", id, is, was)
		}
	}
	return nil
}

// change reconfigures the ensemble until a configuration is as it should be. It tries again when a server does not
// answer: where the leader is removed, connections may break before the reply.
func (e *removed) change(ctx context.Context, r *wire.ReconfigRequest, is func(configuration) error) error {
	for try := 0; ; try++ {
		s := e.others[try%len(e.others)]
		err := e.changeThrough(ctx, s, r, is)
		if err == nil || hopeless(err) {
			return err
		}
		if !doze(ctx, lookAgain) {
			return fmt.Errorf("%w: %w", err, context.Cause(ctx))
		}
	}
}

// hopeless reports whether the servers refuse a reconfiguration for good.
func hopeless(err error) bool {
	var code wire.Code
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case wire.NoAuth, wire.ReconfigDisabled, wire.Unimplemented, wire.BadArguments, wire.MarshallingError:
		return true
	}
	return false
}

func (e *removed) changeThrough(ctx context.Context, s ensemble.Server, r *wire.ReconfigRequest, is func(configuration) error) error {
	ctx, cancel := context.WithTimeout(ctx, promptly)
	defer cancel()
	p, err := openProbe(ctx, e.target.Ensemble, s)
	if err != nil {
		return err
	}
	defer p.close()
	if c, err := p.config(ctx); err != nil || is(c) == nil {
		return err
	}
	scheme, credential := e.target.Ensemble.(ensemble.Reconfigurer).Administrator()
	if scheme != "" {
		if err := p.done(ctx, wire.Auth, &wire.AuthRequest{Scheme: scheme, Auth: credential}); err != nil {
			return err
		}
	}
	if err := p.done(ctx, wire.Reconfig, r); err != nil {
		return err
	}
	c, err := p.config(ctx)
	if err != nil {
		return err
	}
	return is(c)
}

// configPath is the znode that lists the servers.
const configPath = "/zookeeper/config"

// configuration is the content of that znode.
type configuration struct {
	members ensemble.Members
	version int64
}

// parseConfiguration reads the text of a server.
func parseConfiguration(text string) (c configuration, err error) {
	_, version, ok := strings.Cut(text, "version=")
	if ok {
		c.version, err = strconv.ParseInt(strings.TrimSpace(version), 16, 64)
	}
	if !ok || err != nil {
		return c, fmt.Errorf("a configuration without a version: %q", text)
	}
	c.members = ensemble.ParseMembers(text)
	return c, nil
}

// config returns what the server lists once it has everything that was committed before.
func (p *probe) config(ctx context.Context) (c configuration, err error) {
	if err := p.done(ctx, wire.Sync, &wire.PathRequest{Path: configPath}); err != nil {
		return c, err
	}
	reply, err := p.conn.Do(ctx, wire.GetData, &wire.ReadRequest{Path: configPath})
	if err == nil && reply.Header.Err != wire.OK {
		err = reply.Header.Err
	}
	if err != nil {
		return c, fmt.Errorf("the configuration through server %d: %w", p.server.ID(), err)
	}
	body, err := reply.Decode()
	if err != nil {
		return c, err
	}
	data, _ := body.(wire.DataReply)
	return parseConfiguration(string(data.Data))
}

func configThrough(ctx context.Context, e ensemble.Ensemble, s ensemble.Server) (configuration, error) {
	p, err := openProbe(ctx, e, s)
	if err != nil {
		return configuration{}, err
	}
	defer p.close()
	return p.config(ctx)
}

// Verify reads the configuration through each server that stays.
func (e *removed) Verify(ctx context.Context) error {
	if e.healed {
		return errors.New("the servers were added again")
	}
	if err := e.all(ctx, e.others, e.gone); err != nil {
		return err
	}
	e.step.Detail = "the configuration lists no servers but " + listed(idsOf(e.others))
	return nil
}

// settled bounds how long all servers may take to show a configuration: they may have to elect a leader before.
const settled = 10 * time.Second

// all waits until the configuration is as it should be through each of some servers.
func (e *removed) all(ctx context.Context, servers []ensemble.Server, is func(configuration) error) error {
	ctx, cancel := context.WithTimeout(ctx, settled)
	defer cancel()
	return together(servers, func(s ensemble.Server) error {
		for {
			c, err := configThrough(ctx, e.target.Ensemble, s)
			if err == nil {
				err = is(c)
			}
			if err == nil || !doze(ctx, lookAgain) {
				return onServer("server %d", s, err)
			}
		}
	})
}

// Heal adds the servers again, as what they were, and waits until each server knows that and serves.
func (e *removed) Heal(ctx context.Context) error {
	return e.once(func() error {
		if e.former.members == nil {
			return nil // nothing was removed
		}
		if err := e.change(ctx, e.join(), e.back); err != nil {
			return fmt.Errorf("add server %s again: %w", listed(e.step.Servers), err)
		}
		if err := e.all(ctx, e.target.Ensemble.Servers(), e.back); err != nil {
			return err
		}
		return e.target.awaitAll(ctx, e.servers, e.claims...)
	})
}

// listed returns numbers with commas between.
func listed(ids []int) string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, strconv.Itoa(id))
	}
	return strings.Join(texts, ",")
}
