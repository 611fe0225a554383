package models

import (
	"slices"
	"strconv"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/base/prose"
)

// Keys is the value of a multi-lock's acquire: the requested keys within the object, in the order
// of the request.
type Keys struct {
	Keys []string `json:"keys"`
}

// GuardedKey is the value of the invoke of a write to the resource that one key within an object
// guards.
type GuardedKey struct {
	Key   string     `json:"key"`
	Token history.ID `json:"token,omitempty"`
}

// MultiLock is an object of several keys. A client locks all requested keys at once, or none.
// history.Event.Key names the object. It has the operations of a lock: FAcquire (invoke Keys), FRelease
// and FConfirm of all requested keys, and FWrite (invoke GuardedKey).
var MultiLock = &Model{
	Name: "multi-lock", About: "exclusive locks on several keys at once: all or none",
	State: Shared, Parts: true, Stay: "held", Sessions: true, OnZnodes: true,
	Operations: Lock.telling(map[string]func(*history.Operation, *Words) Values{
		FAcquire: tellKeys, FWrite: tellGuardedKey,
	}),
}

// telling returns the operations of a model with some values replaced.
func (m *Model) telling(tell map[string]func(*history.Operation, *Words) Values) []Operation {
	all := slices.Clone(m.Operations)
	for i := range all {
		if t := tell[all[i].F]; t != nil {
			all[i].Tell = t
		}
	}
	return all
}

func tellKeys(op *history.Operation, w *Words) Values {
	var v Keys
	if op.Invoke.Decode(&v) == nil && len(v.Keys) > 0 {
		w.Asked = "asked for " + ListKeys(v.Keys) + " of " + Key(op.Key)
		if len(v.Keys) > 1 {
			w.Done = "was granted them"
		}
	}
	all := tellGrant(op, w)
	all.Parts = v.Keys
	return all
}

func tellGuardedKey(op *history.Operation, w *Words) Values {
	var v GuardedKey
	if op.Invoke.Decode(&v) == nil && v.Key != "" {
		w.Asked = "wrote to the resource that " + shown(v.Key) + " of " + Key(op.Key) + " guards"
	}
	return tellGuarded(op, w)
}

// fewKeys is the maximum number of keys that ListKeys names.
const fewKeys = 5

// ListKeys lists keys within an object for people.
func ListKeys(keys []string) string {
	names := make([]string, 0, len(keys))
	for _, k := range keys[:min(len(keys), fewKeys)] {
		names = append(names, printable.Text(k, mostShown))
	}
	if more := len(keys) - len(names); more > 0 {
		names = append(names, strconv.Itoa(more)+" more")
	}
	return prose.List(names, "and")
}
