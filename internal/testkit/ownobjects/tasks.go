package ownobjects

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
	"github.com/zklab/zklab/subjects"
)

// tasks has an item in each sequential znode. A client that takes one claims it with an ephemeral znode, until it has
// finished the item. If its session ends before, the item comes back, and another client gets it. A wrong one also gives
// out items that another client has claimed.
type tasks struct {
	*seat
	wrong bool
	taken map[int64]task
}

// task is an item that the client has.
type task struct {
	of        *subjects.Client
	done      func() // ends the session of the claim
	item      string
	claim     string // its path, which others may use after the end of the session
	ownersKey string // a znode of the same session, whose name is used once
}

var (
	errNoTask  = errors.New("there is no item")
	errNotMine = errors.New("the item came back, and may be another client's")
)

func (t *tasks) Put(_ context.Context, item int64) error {
	now, done, err := t.session()
	if err != nil {
		return err
	}
	defer done()
	_, err = now.Conn.Create(t.path+"/item-", strconv.AppendInt(nil, item, 10), zk.FlagSequence, everyone)
	return err
}

// Take claims an item. The claim and the item are looked at in one request, since a list may be old.
func (t *tasks) Take(ctx context.Context) (int64, error) {
	now, done, err := t.session()
	if err != nil {
		return 0, err
	}
	item, mine, err := t.takeOf(ctx, now)
	if err != nil {
		done()
		return 0, err
	}
	mine.of, mine.done = now, done
	t.taken[item] = mine
	return item, nil
}

func (t *tasks) takeOf(ctx context.Context, now *subjects.Client) (int64, task, error) {
	session := now.Conn.SessionID()
	names, _, err := now.Conn.Children(t.path)
	if err != nil {
		return 0, task{}, subjects.WithoutEffect(err)
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasPrefix(name, "item-") || !t.wrong && slices.Contains(names, claimed+name) || ctx.Err() != nil {
			continue
		}
		data, _, err := now.Conn.Get(t.path + "/" + name)
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return 0, task{}, subjects.WithoutEffect(err)
		}
		mine := task{item: t.path + "/" + name, claim: t.path + "/" + claimed + name}
		mine.ownersKey = mine.claim + "-" + strconv.FormatInt(session, 16)
		made, err := now.Conn.Multi(
			&zk.CheckVersionRequest{Path: mine.item, Version: -1},
			&zk.CreateRequest{Path: mine.claim, Acl: everyone, Flags: zk.FlagEphemeral},
			&zk.CreateRequest{Path: mine.ownersKey, Acl: everyone, Flags: zk.FlagEphemeral},
		)
		if refused := errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNoNode); refused && !(t.wrong && len(made) > 1 && made[0].Error == nil) {
			continue
		} else if err != nil && !refused {
			return 0, task{}, err
		}
		if now.Conn.SessionID() != session { // the request may have been sent in the next session
			return 0, task{}, errNotMine
		}
		item, err := strconv.ParseInt(string(data), 10, 64)
		return item, mine, err
	}
	return 0, task{}, errNoTask
}

// Finish ends an item that the client took.
func (t *tasks) Finish(_ context.Context, item int64) error {
	mine, ok := t.taken[item]
	if !ok { // an earlier process took it
		return errNotMine
	}
	delete(t.taken, item)
	defer mine.done()
	_, err := mine.of.Conn.Multi(
		&zk.DeleteRequest{Path: mine.ownersKey, Version: -1},
		&zk.DeleteRequest{Path: mine.claim, Version: -1},
		&zk.DeleteRequest{Path: mine.item, Version: -1},
	)
	if errors.Is(err, zk.ErrNoNode) {
		return errNotMine
	}
	return err
}

// allTasks have a specification in which an item comes back when the session that took it ends: the state says who has
// each item that is not finished.
func allTasks(life Life, wrong bool) Declared {
	type held = map[int64]object.Caller
	with := func(state held, item int64, who object.Caller) held {
		state = maps.Clone(state)
		state[item] = who
		return state
	}
	without := func(state held, item int64) held {
		state = maps.Clone(state)
		delete(state, item)
		return state
	}
	put := object.Give("put", (*tasks).Put, object.Unique)
	take := object.Ask("take", (*tasks).Take).Refuses(errNoTask).Weight(2)
	finish := object.Give("finish", (*tasks).Finish, object.From(take)).Refuses(errNotMine).Weight(2)
	spec := object.Sequential(held{},
		object.Runs(put, func(state held, item int64) (held, object.None, error) {
			return with(state, item, object.Nobody), object.None{}, nil
		}),
		object.AllowsBy(take, func(state held, who object.Caller, _ object.None, item int64) (held, error) {
			switch has, there := state[item]; {
			case !there:
				return state, fmt.Errorf("item %d is finished, or was never put in", item)
			case has != object.Nobody:
				return state, fmt.Errorf("client %d has item %d", has.Client, item)
			}
			return with(state, item, who), nil
		}, func(state held, _ object.Caller, _ object.None) []held {
			return []held{state} // nobody finishes an item that nobody knows to have
		}),
		object.AllowsBy(finish, func(state held, who object.Caller, item int64, _ object.None) (held, error) {
			if has := state[item]; has != who {
				return state, fmt.Errorf("the client does not have item %d", item)
			}
			return without(state, item), nil
		}, func(state held, who object.Caller, item int64) []held {
			if has, there := state[item]; !there || has != who {
				return []held{state}
			}
			return []held{state, without(state, item)}
		}),
	).SessionEnds(func(state held, who object.Caller) held {
		state = maps.Clone(state)
		for item, has := range state {
			if has == who {
				state[item] = object.Nobody
			}
		}
		return state
	})
	return object.Object[*tasks]{
		Name: "own-tasks", Operations: []object.Operation[*tasks]{put, take, finish}, Rules: []object.Rule{spec},
		New: func(c *subjects.Client, path string) (*tasks, error) {
			s, err := life.at(c, path, "")
			return &tasks{seat: s, wrong: wrong, taken: map[int64]task{}}, err
		},
	}
}
