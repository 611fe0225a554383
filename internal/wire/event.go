package wire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// eventNames are those of Java's Watcher.Event.EventType, with a small first letter.
var eventNames = []struct {
	kind EventType
	name string
}{
	{EventNone, "none"},
	{EventCreated, "nodeCreated"},
	{EventDeleted, "nodeDeleted"},
	{EventDataChanged, "nodeDataChanged"},
	{EventChildrenChanged, "nodeChildrenChanged"},
	{EventDataWatchRemoved, "dataWatchRemoved"},
	{EventChildWatchRemoved, "childWatchRemoved"},
	{EventPersistentWatchRemoved, "persistentWatchRemoved"},
}

// String is the name, such as "nodeDeleted"; "event 77" of a type that is not known.
func (e EventType) String() string {
	for _, n := range eventNames {
		if n.kind == e {
			return n.name
		}
	}
	return "event " + strconv.Itoa(int(e))
}

// ParseEventType is the inverse of [EventType.String] for known types.
func ParseEventType(name string) (EventType, error) {
	for _, n := range eventNames {
		if n.name == name {
			return n.kind, nil
		}
	}
	return 0, fmt.Errorf("%q is no type of event: choose from %s", name, strings.Join(EventTypeNames(), ", "))
}

// EventTypeNames lists the names that ParseEventType takes, sorted.
func EventTypeNames() []string {
	names := make([]string, 0, len(eventNames))
	for _, n := range eventNames {
		names = append(names, n.name)
	}
	slices.Sort(names)
	return names
}
