package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/wire"
	"github.com/zklab/zklab/internal/zk/zkclient"
)

// Server describes one of the servers, as far as the server reports it.
type Server struct {
	Addr    string        `json:"addr"`
	Role    ensemble.Role `json:"role"`
	Version string        `json:"version,omitempty"`
}

// acquaintance holds what the check has found out about the servers before any script runs.
type acquaintance struct {
	target        Target
	servers       []Server
	version       [2]int // the oldest server's version
	ttl           bool
	leastT, mostT time.Duration     // bounds of session timeouts
	identities    []wire.ClientInfo // the identities of every client, without its address
}

// since holds, for each request that servers of 3.4 do not know, the version that introduced it.
var since = map[wire.Op][2]int{
	wire.Create2: {3, 5}, wire.Reconfig: {3, 5}, wire.CheckWatches: {3, 5}, wire.RemoveWatches: {3, 5},
	wire.CreateContainer: {3, 5}, wire.DeleteContainer: {3, 5}, wire.CreateTTL: {3, 5},
	wire.MultiRead: {3, 6}, wire.GetEphemerals: {3, 6}, wire.GetAllChildrenNumber: {3, 6}, wire.SetWatches2: {3, 6}, wire.AddWatch: {3, 6},
	wire.WhoAmI: {3, 7},
}

// newest is the version that the embedded servers follow.
var newest = [2]int{3, 9}

// meet asks the servers about themselves, and finds out by trying what they do not report.
func meet(ctx context.Context, t Target) (m acquaintance, err error) {
	m = acquaintance{target: t, version: newest, ttl: true}
	for _, addr := range t.Servers {
		s, err := m.ask(ctx, addr)
		if err != nil {
			return m, fmt.Errorf("%s: %w", addr, err)
		}
		m.servers = append(m.servers, s)
	}
	if err := m.learnTimeouts(ctx); err != nil {
		return m, fmt.Errorf("%s: %w", t.Servers[0], err)
	}
	if err := m.learnIdentities(ctx); err != nil {
		return m, fmt.Errorf("%s: %w", t.Servers[0], err)
	}
	return m, nil
}

// ask asks a server for its role and version.
func (m *acquaintance) ask(ctx context.Context, addr string) (Server, error) {
	ctx, cancel := context.WithTimeout(ctx, m.target.Patience)
	defer cancel()
	status, err := ensemble.AskStatus(ctx, m.target.Dial, addr)
	if errors.Is(err, ensemble.ErrNoWord) {
		return Server{}, fmt.Errorf("%w: the server does not tell its role: allow srvr in its 4lw.commands.whitelist", ErrUnusable)
	}
	if err != nil {
		return Server{}, err
	}
	if version, ok := parseVersion(status.Version); ok && slices.Compare(version[:], m.version[:]) < 0 {
		m.version = version
	}
	return Server{Addr: addr, Role: status.Role, Version: status.Version}, nil
}

func parseVersion(text string) (version [2]int, ok bool) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) < 2 {
		return version, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return [2]int{major, minor}, err1 == nil && err2 == nil
}

// shortAsked is a timeout that servers with sensible bounds do not grant.
const shortAsked = time.Millisecond

// learnTimeouts requests a very short and a very long session timeout: the servers grant their bounds
// instead.
func (m *acquaintance) learnTimeouts(ctx context.Context) (err error) {
	if m.leastT, err = m.granted(ctx, shortAsked); err != nil {
		return err
	}
	m.mostT, err = m.granted(ctx, 500*time.Hour) // the protocol has 32 bits for the milliseconds
	return err
}

// learnIdentities learns the identities of a client that has given no credentials itself: Dial may have given
// some, and a certificate counts as one. A server that does not report identities is not asked again.
func (m *acquaintance) learnIdentities(ctx context.Context) error {
	c, err := m.connect(ctx, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, m.target.Patience)
	defer cancel()
	reply, err := c.Do(ctx, wire.WhoAmI, nil)
	if err != nil || reply.Header.Err != wire.OK {
		return nil //nolint:nilerr // older than 3.7
	}
	infos, err := wire.DecodeWhoAmIReply(reply.Record)
	for _, info := range infos {
		if info.AuthScheme != "ip" {
			m.identities = append(m.identities, info)
		}
	}
	_, _ = c.Do(ctx, wire.CloseSession, nil)
	return err
}

func (m *acquaintance) granted(ctx context.Context, asked time.Duration) (time.Duration, error) {
	c, err := m.connect(ctx, asked)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, m.target.Patience)
	defer cancel()
	granted := c.Session().Timeout
	_, _ = c.Do(ctx, wire.CloseSession, nil)
	return granted, nil
}

func (m *acquaintance) connect(ctx context.Context, timeout time.Duration) (*zkclient.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, m.target.Patience)
	defer cancel()
	return zkclient.Connect(ctx, zkclient.Config{Dial: zkclient.To(m.target.Dial, m.target.Servers[0]), Session: wire.Session{Timeout: timeout}})
}

// learnTTL finds out whether the servers accept znodes with a TTL (zookeeper.extendedTypesEnabled).
func (m *acquaintance) learnTTL(ctx context.Context, b base) error {
	if v := since[wire.CreateTTL]; slices.Compare(m.version[:], v[:]) < 0 {
		return nil
	}
	return b.with(ctx, func(ctx context.Context, c *zkclient.Conn) error {
		q := createTTL(b.path+"/ttl", wire.PersistentTTL, time.Hour)
		err := do(ctx, c, q.op, q.rec)
		m.ttl = err != wire.Unimplemented
		if err == nil {
			err = do(ctx, c, wire.Delete, &wire.VersionRequest{Path: b.path + "/ttl", Version: -1})
		}
		if m.ttl {
			return err
		}
		return nil
	})
}

// notes returns what the report does not count as a difference.
func (m *acquaintance) notes() (notes []string) {
	var unknown []string
	for op, v := range since {
		if slices.Compare(m.version[:], v[:]) < 0 {
			unknown = append(unknown, fmt.Sprintf("%s (since %d.%d)", op, v[0], v[1]))
		}
	}
	slices.Sort(unknown)
	if len(unknown) > 0 {
		notes = append(notes, fmt.Sprintf("ZooKeeper %s does not know %s", m.versionText(), strings.Join(unknown, ", ")))
	}
	if m.noEventZxids() {
		notes = append(notes, fmt.Sprintf("events of ZooKeeper %s have no zxid (since 3.9)", m.versionText()))
	}
	if !m.ttl {
		notes = append(notes, "znodes with a TTL are off (zookeeper.extendedTypesEnabled): the reference has them off, too")
	}
	if m.leastT <= shortAsked {
		notes = append(notes, fmt.Sprintf("sessions get any timeout, from %s to %s (minSessionTimeout, maxSessionTimeout): the reference grants them, too", m.leastT, m.mostT))
	}
	if m.stretch() != 1 {
		notes = append(notes, fmt.Sprintf("the shortest session timeout is %s: scripts that wait take %.3g times as long as on servers with 1s", m.leastT, m.stretch()))
	}
	return notes
}

func (m *acquaintance) versionText() string { return fmt.Sprintf("%d.%d", m.version[0], m.version[1]) }

// scriptLeast is the shortest session timeout of the servers for which scripts are written.
const scriptLeast = time.Second

// stretch is at least 1: a busy machine can delay a client by more than a shorter timeout.
func (m *acquaintance) stretch() float64 { return max(1, float64(m.leastT)/float64(scriptLeast)) }

// lacks returns why a script cannot run on these servers, "" if it can.
func (m *acquaintance) lacks(s Script) string {
	switch {
	case s.needs != "":
		return "needs " + s.needs
	case slices.Compare(m.version[:], s.since[:]) < 0:
		return fmt.Sprintf("servers do so since %d.%d", s.since[0], s.since[1])
	case s.odd && slices.Compare(m.version[:], newest[:]) < 0:
		return "sends what no client library sends, which can stop servers before 3.9"
	case len(m.identities) > 0 && s.steps.permitAuth():
		return fmt.Sprintf("gives permissions to auth, and each client here is also %s:%s", m.identities[0].AuthScheme, m.identities[0].User)
	}
	for _, op := range s.steps.ops() {
		if v := since[op]; slices.Compare(m.version[:], v[:]) < 0 && op != wire.Create2 {
			return fmt.Sprintf("ZooKeeper %s does not know %s (since %d.%d)", m.versionText(), op, v[0], v[1])
		}
	}
	return ""
}

// permitAuth reports whether a step creates a znode, or changes its permissions, with the scheme "auth",
// which stands for the client's own identities.
func (s steps) permitAuth() bool {
	isAuth := func(a wire.ACL) bool { return a.ID.Scheme == "auth" }
	for _, st := range s {
		a, ok := st.(ask)
		if !ok {
			continue
		}
		for _, q := range a.reqs {
			switch r := q.rec.(type) {
			case *wire.CreateRequest:
				if slices.ContainsFunc(r.ACL, isAuth) {
					return true
				}
			case *wire.SetACLRequest:
				if slices.ContainsFunc(r.ACL, isAuth) {
					return true
				}
			}
		}
	}
	return false
}

// spoken translates a script into the requests that the servers know: for 3.4, create in place of
// create2.
func (m *acquaintance) spoken(s steps) steps {
	if v := since[wire.Create2]; slices.Compare(m.version[:], v[:]) >= 0 {
		return s
	}
	s = slices.Clone(s)
	for i, st := range s {
		a, ok := st.(ask)
		if !ok {
			continue
		}
		a.reqs = slices.Clone(a.reqs)
		for n, q := range a.reqs {
			a.reqs[n] = older(q)
		}
		s[i] = a
	}
	return s
}

func older(q req) req {
	if q.op == wire.Create2 {
		q.op = wire.Create
	}
	if parts, ok := q.rec.([]wire.MultiOp); ok {
		parts = slices.Clone(parts)
		for i, p := range parts {
			parts[i].Op = older(req{op: p.Op}).op
		}
		q.rec = parts
	}
	return q
}

// adapt changes a trace of the reference into what clients of older servers see: before 3.9, events have no zxid
// (ZOOKEEPER-4655).
func (m *acquaintance) adapt(t Trace) {
	if !m.noEventZxids() {
		return
	}
	for _, l := range t {
		if !l.event() {
			continue
		}
		for i, f := range l.fields {
			if f.name == "zxid" {
				l.fields[i].value = "z-1"
			}
		}
	}
}

func (m *acquaintance) noEventZxids() bool { return slices.Compare(m.version[:], []int{3, 9}) < 0 }

// addrs returns the addresses of the servers, the leader's last.
func (m *acquaintance) addrs() (addrs []string) {
	for _, s := range m.ordered() {
		addrs = append(addrs, s.Addr)
	}
	return addrs
}

func (m *acquaintance) ordered() []Server {
	return slices.SortedStableFunc(slices.Values(m.servers), func(a, b Server) int { return cmp.Compare(rank(a), rank(b)) })
}

func rank(s Server) int {
	if s.Role == ensemble.Leader {
		return 1
	}
	return 0
}

// reference starts embedded servers with the same settings, and returns a place with as many servers of each
// role.
func (m *acquaintance) reference(ctx context.Context) (*place, error) {
	e, err := embedded.Config{
		InMemory: true, Nodes: m.nodes(), NoTTL: !m.ttl,
		Tick: max(m.leastT, scriptLeast) / 2, MinSession: m.leastT, MaxSession: m.mostT,
		Sweep: 1000 * time.Hour, // no script waits for it
	}.Start(ctx)
	if err != nil {
		return nil, err
	}
	p, err := m.placeOn(ctx, e)
	if err != nil {
		e.Close()
		return nil, err
	}
	p.own = e
	return p, nil
}

func (m *acquaintance) placeOn(ctx context.Context, e ensemble.Ensemble) (*place, error) {
	addrs, err := m.alike(ctx, e)
	if err != nil {
		return nil, err
	}
	base, err := makeBase(ctx, Target{Servers: addrs, Dial: e.Dial, Patience: usualPatience, Name: m.target.Name, Chroot: m.target.Chroot, parents: true})
	if err != nil {
		return nil, err
	}
	return newPlace(ctx, place{dial: e.Dial, addrs: addrs, base: base.path, patience: usualPatience, stretch: m.stretch()})
}

// nodes returns how many servers the reference has.
func (m *acquaintance) nodes() int {
	if m.servers[0].Role == ensemble.Standalone {
		return 1
	}
	followers := 0
	for _, s := range m.servers {
		if s.Role != ensemble.Leader {
			followers++
		}
	}
	return min(max(3, followers+1), embedded.MaxNodes)
}

// alike returns the addresses of servers of the reference that have the same roles as the servers
// under check.
func (m *acquaintance) alike(ctx context.Context, e ensemble.Ensemble) (addrs []string, err error) {
	leader, _, err := ensemble.LeaderOf(ctx, e.Servers())
	if err != nil {
		return nil, err
	}
	if m.nodes() == 1 {
		return []string{leader.Addr()}, nil
	}
	var followers []string
	for _, s := range e.Servers() {
		if s.ID() != leader.ID() {
			followers = append(followers, s.Addr())
		}
	}
	for i, s := range m.ordered() {
		if s.Role == ensemble.Leader {
			addrs = append(addrs, leader.Addr())
		} else {
			addrs = append(addrs, followers[i%len(followers)])
		}
	}
	return addrs, nil
}
