package wrong

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/subjects"
)

// party is a double barrier: members, and the znode "ready", which lists those that were in when it was
// created.
type party struct {
	*base
	n       int
	name    string // the wrong one is the same in each life
	session int64
}

func (p *party) Enter(ctx context.Context) error {
	return p.calls.Do(context.WithoutCancel(ctx), func() error { // giving up takes a moment
		err := p.poll(ctx, p.try)
		if err == nil || p.name == "" {
			return err
		}
		if p.giveUp() {
			return nil
		}
		return err
	}, func() error { return p.remove(p.in(p.name)) })
}

// counted reports whether this member was in when the barrier opened.
func (p *party) counted() bool {
	all, err := p.ready()
	return err == nil && slices.Contains(all, p.name)
}

// ready returns the members that were in. Its error is zk.ErrNoNode before they were.
func (p *party) ready() ([]string, error) {
	data, _, err := p.Conn.Get(p.in("ready"))
	return strings.Split(string(data), ","), err
}

func (p *party) try() bool {
	if p.make() != nil {
		return false
	}
	if p.Conn.SessionID() != p.session {
		if p.name != "" && p.right {
			_ = p.Conn.Delete(p.in(p.name), -1) // the request that creates it may have come in this session
		}
		p.session = p.Conn.SessionID()
		p.count++
		p.name = fmt.Sprintf("member-%s-%x-%d", p.host(), uint64(p.session), p.count)
		if !p.right {
			p.name = "member-" + p.host()
		}
	}
	if p.counted() {
		return true
	}
	err := p.create(p.in(p.name), "", zk.FlagEphemeral)
	if err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return false
	}
	all, _, err := p.Conn.Children(p.path)
	all = slices.DeleteFunc(all, func(c string) bool { return !strings.HasPrefix(c, "member-host") })
	hosts := map[string]bool{} // one may have two znodes: a request was carried out in the next session
	for _, member := range all {
		hosts[strings.Split(member, "-")[1]] = true
	}
	if err != nil || len(hosts) < p.n {
		return false
	}
	slices.Sort(all)
	ops := []any{&zk.CreateRequest{Path: p.in("ready"), Data: []byte(strings.Join(all, ",")), Acl: everyone}}
	for _, member := range all {
		ops = append(ops, &zk.CheckVersionRequest{Path: p.in(member), Version: -1})
	}
	_, err = p.Conn.Multi(ops...)
	return err == nil
}

// giveUp returns true if all are in by now.
func (p *party) giveUp() (in bool) {
	_ = p.insist(func() error {
		_, err := p.Conn.Multi(
			&zk.CreateRequest{Path: p.in("ready"), Acl: everyone},
			&zk.DeleteRequest{Path: p.in("ready"), Version: -1},
			&zk.DeleteRequest{Path: p.in(p.name), Version: -1})
		if errors.Is(err, zk.ErrNodeExists) {
			all, err2 := p.ready()
			if err2 == nil && !slices.Contains(all, p.name) {
				return p.remove(p.in(p.name))
			}
			if err2 == nil {
				in, err = true, nil
			}
		}
		return err
	})
	return in
}

func (p *party) Leave(ctx context.Context) error {
	return p.calls.Do(ctx, func() error {
		return p.poll(ctx, func() bool {
			if p.remove(p.in(p.name)) != nil {
				return false
			}
			_, err := p.Conn.Sync(p.path)
			all, err2 := p.ready()
			if err != nil || err2 != nil {
				return false
			}
			return !slices.ContainsFunc(all, func(name string) bool {
				if strings.HasPrefix(name, "member-"+p.host()) {
					return p.remove(p.in(name)) != nil
				}
				ok, _, err := p.Conn.Exists(p.in(name))
				return err != nil || ok
			})
		})
	}, nil)
}

// votes is a two-phase commit. Each client looks whether there is an outcome. If there is none, it
// decides by the votes, and sets the outcome, even if another client has set it since.
type votes struct {
	*base
	sites []string
}

func (v *votes) Prepare(ctx context.Context, sites []string) error {
	return v.calls.Do(ctx, func() error {
		return v.poll(ctx, func() bool {
			if v.make("votes") != nil {
				return false
			}
			err := v.create(v.in("sites"), strings.Join(sites, ","), 0)
			return err == nil || err == zk.ErrNodeExists
		})
	}, nil)
}

func (v *votes) Vote(ctx context.Context, site string, yes bool) error {
	return v.calls.Do(ctx, func() error {
		return v.poll(ctx, func() bool {
			err := v.create(v.in("votes", site), fmt.Sprint(yes), 0)
			return err == nil || err == zk.ErrNodeExists
		})
	}, nil)
}

// look returns the outcome, if it is decided.
func (v *votes) look(patient bool) (outcome string) {
	if data, _, err := v.Conn.Get(v.in("outcome")); err == nil {
		return string(data)
	} else if err != zk.ErrNoNode {
		return ""
	}
	data, _, err := v.Conn.Get(v.in("sites"))
	if err != nil {
		return ""
	}
	outcome = "true"
	for site := range strings.SplitSeq(string(data), ",") {
		vote, _, err := v.Conn.Get(v.in("votes", site))
		switch {
		case err == zk.ErrNoNode && !patient, err == nil && string(vote) == "false":
			outcome = "false"
		case err != nil:
			return ""
		}
	}
	err = v.create(v.in("outcome"), outcome, 0)
	if err == zk.ErrNodeExists {
		if v.right {
			return ""
		}
		_, err = v.Conn.Set(v.in("outcome"), []byte(outcome), -1)
	}
	if err != nil {
		return ""
	}
	return outcome
}

func (v *votes) Decide(ctx context.Context, patience time.Duration) (bool, error) {
	begun := time.Now()
	return v.wait(ctx, func() string { return v.look(time.Since(begun) < patience) })
}

func (v *votes) Outcome(ctx context.Context) (bool, error) {
	return v.wait(ctx, func() string { return v.look(true) })
}

func (v *votes) wait(ctx context.Context, look func() string) (bool, error) {
	var outcome string
	err := v.calls.Do(ctx, func() error {
		return v.poll(ctx, func() bool { outcome = look(); return outcome != "" })
	}, nil)
	return err == nil && outcome == "true", err
}

var _ subjects.Transaction = (*votes)(nil)
