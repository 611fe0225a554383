package external

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// usualTick is ZooKeeper's tickTime if the servers do not report it.
const usualTick = 2 * time.Second

// look checks that all servers serve, and learns what they report. It only reads.
func (e *cluster) look(ctx context.Context, patience time.Duration) error {
	var all sync.WaitGroup
	for _, s := range e.servers {
		all.Go(func() { s.learn(ctx) })
	}
	all.Wait()
	health, err := e.awaitRoles(ctx, patience)
	if err != nil {
		return e.guessed(ctx, err)
	}
	e.describe(health)
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if err := e.admits(ctx); err != nil {
		return e.guessed(ctx, err)
	}
	if err := e.together(ctx); err != nil {
		return err
	}
	if err := e.chroot(ctx); err != nil {
		return err
	}
	if err := e.limits(ctx); err != nil {
		return err
	}
	if err := e.others(ctx); err != nil {
		return err
	}
	return e.prove(ctx)
}

// together checks that no two servers belong to different ensembles, as far as they report their
// members: all servers since 3.5 do, in a znode that any client may read. It warns of members that are
// not named.
func (e *cluster) together(ctx context.Context) error {
	members := make([]ensemble.Members, len(e.servers))
	most := 0
	for i, s := range e.servers {
		members[i] = e.members(ctx, s)
		most = max(most, len(members[i]))
		for j := range i {
			if members[i].Apart(members[j]) {
				return wrong("%s and %s are servers of two ensembles: their members differ (%s)", e.servers[j].addr, s.addr, configPath)
			}
		}
	}
	if n := len(e.servers) + len(e.config.Absent); n < most {
		e.profile.Warnings = append(e.profile.Warnings, fmt.Sprintf(
			"the ensemble has %d servers (%s), but --servers names %d: what becomes of the others is not seen", most, configPath, n))
	}
	return nil
}

// configPath is the znode in which an ensemble tells its members.
const configPath = "/zookeeper/config"

// members returns the members that a server tells; none if it tells none.
func (e *cluster) members(ctx context.Context, s *server) ensemble.Members {
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: wire.Session{Timeout: shortSession}, Dial: zkclient.To(e.Dial, s.addr),
	})
	if err != nil {
		return nil
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, wire.GetData, &wire.ReadRequest{Path: configPath})
	if err != nil || reply.Header.Err != wire.OK {
		return nil
	}
	defer func() { _, _ = conn.Do(ctx, wire.CloseSession, nil) }()
	data, err := wire.DecodeDataReply(reply.Record)
	if err != nil {
		return nil
	}
	return ensemble.ParseMembers(string(data.Data))
}

// awaitRoles waits while a leader is being elected, or deposed. It waits for nothing else, since that
// would not change by waiting.
func (e *cluster) awaitRoles(ctx context.Context, patience time.Duration) (ensemble.Health, error) {
	const again = 200 * time.Millisecond
	for end := time.Now().Add(patience); ; {
		health, err := ensemble.CheckRoles(ctx, e.Servers())
		passes := electing(err)
		switch {
		case err == nil:
			return health, nil
		case ctx.Err() != nil:
			return health, context.Cause(ctx)
		case !passes || time.Now().After(end):
			return health, explained(err)
		}
		_ = await.Sleep(ctx, again)
	}
}

// electing reports whether an error may pass: the servers answer, and none of them, or more than one, leads.
func electing(err error) bool {
	return errors.Is(err, ensemble.ErrNotServing) || errors.Is(err, ensemble.ErrNoLeader) || errors.Is(err, ensemble.ErrSeveralLead)
}

// explained adds the way out.
func explained(err error) error {
	if errors.Is(err, ensemble.ErrNoLeader) {
		return fmt.Errorf("%w: name all servers of the ensemble", err)
	}
	return err
}

// describe records what srvr reported about the servers.
func (e *cluster) describe(health ensemble.Health) {
	var versions, roles, mute []string
	for _, s := range health.Servers {
		e.untold = e.untold || s.Status.Role == ensemble.Untold && health.Leader == 0
		if s.Status.Role == ensemble.Untold {
			mute = append(mute, fmt.Sprintf("server %d", s.ID))
		}
		roles = append(roles, fmt.Sprintf("server %d at %s: %s", s.ID, s.Addr, s.Status.Role))
		if v := s.Status.Version; v != "" && !slices.Contains(versions, v) {
			versions = append(versions, v)
		}
	}
	e.profile.Version = strings.Join(versions, ", ")
	e.profile.Settings = append(e.profile.Settings, roles...)
	if len(mute) > 0 {
		e.profile.Settings = append(e.profile.Settings, strings.Join(mute, ", ")+" answered neither srvr nor stat: role, version and zxid are unknown")
	}
}

// chroot sees that it is there.
func (e *cluster) chroot(ctx context.Context) error {
	if e.config.Chroot == "" {
		return nil
	}
	conn, err := zkclient.Connect(ctx, zkclient.Config{
		Session: wire.Session{Timeout: shortSession}, Dial: zkclient.To(e.Dial, e.servers[0].addr),
	})
	if err != nil {
		return fmt.Errorf("server 1 at %s: %w", e.servers[0].addr, err)
	}
	defer conn.Close()
	reply, err := conn.Do(ctx, wire.Exists, &wire.ReadRequest{Path: e.config.Chroot})
	if err == nil {
		_, err = conn.Do(ctx, wire.CloseSession, nil)
	}
	switch {
	case err != nil:
		return fmt.Errorf("look for chroot %s: %w", e.config.Chroot, err)
	case reply.Header.Err == wire.NoNode:
		return wrong("chroot %s does not exist: create it, or leave it out", e.config.Chroot)
	case reply.Header.Err != wire.OK:
		return fmt.Errorf("look for chroot %s: %w", e.config.Chroot, reply.Header.Err)
	}
	return nil
}

// limits finds out the servers' times: from conf if they answer that, or else from the shortest session
// timeout that one grants, which is two ticks unless it was configured. Too long a tick only makes
// bounds wider, so a tick that is not configured is never assumed to be shorter than the usual one.
func (e *cluster) limits(ctx context.Context) error {
	p := &e.profile
	if told, err := e.servers[0].settings(ctx); err == nil {
		if tick := told["tickTime"]; tick > 0 {
			p.Tick, p.InitLimit, p.SyncLimit = time.Duration(tick)*time.Millisecond, told["initLimit"], told["syncLimit"]
			p.MaxConnections = told["maxClientCnxns"]
			p.Settings = append(p.Settings, fmt.Sprintf("session timeouts from %s to %s",
				time.Duration(told["minSessionTimeout"])*time.Millisecond, time.Duration(told["maxSessionTimeout"])*time.Millisecond))
			e.sessionBounds(ctx)
			return nil
		}
	}
	shortest, err := ensemble.Serves(ctx, e.Dial, e.servers[0].addr, time.Millisecond)
	if err != nil {
		return fmt.Errorf("server 1 at %s opens no session: %w", e.servers[0].addr, err)
	}
	p.Tick = max(shortest/2, usualTick)
	p.Settings = append(p.Settings, fmt.Sprintf("tickTime is assumed to be %s: the servers do not answer conf, and grant session timeouts from %s", p.Tick, shortest))
	return nil
}

// sessionBounds learns the bounds of session timeouts, if all servers tell the same.
func (e *cluster) sessionBounds(ctx context.Context) {
	var least, most int
	for i, s := range e.servers {
		told, err := s.settings(ctx)
		if i == 0 {
			least, most = told["minSessionTimeout"], told["maxSessionTimeout"]
		}
		if err != nil || told["minSessionTimeout"] != least || told["maxSessionTimeout"] != most {
			return
		}
	}
	e.profile.MinSession, e.profile.MaxSession = time.Duration(least)*time.Millisecond, time.Duration(most)*time.Millisecond
}

// settings returns the numbers in the server's answer to conf. It does not ask a server that answers no
// other word, since such a server may leave the question open.
func (s *server) settings(ctx context.Context) (map[string]int, error) {
	if word := s.word.Load(); word != nil && *word == "" {
		return nil, ensemble.ErrNoWord
	}
	text, err := ensemble.Ask(ctx, s.ensemble.Dial, s.addr, "conf")
	if err != nil {
		return nil, err
	}
	numbers := map[string]int{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if n, err := strconv.Atoi(value); err == nil && n >= 0 {
			numbers[key] = n
		}
	}
	return numbers, nil
}
