package wire

import (
	"strconv"
)

// eventNames has the names of Java's Watcher.Event.EventType, with a small first letter.
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

// String returns the name, such as "nodeDeleted"; "event 77" for an unknown type.
func (e EventType) String() string {
	for _, n := range eventNames {
		if n.kind == e {
			return n.name
		}
	}
	return "event " + strconv.Itoa(int(e))
}
