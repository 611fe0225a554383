package watch

// The kinds of lists. An entry can be on one list of each kind.
const (
	dataList = iota
	childList
	recursiveList
	ownList
	lists
)

// list keeps entries in the order in which they were added, so that watchers fire in the order in which
// they registered. Any entry can be removed in constant time.
type list[W comparable] struct {
	of         int
	head, tail *entry[W]
}

type link[W comparable] struct{ prev, next *entry[W] }

// put adds an entry or removes it, and returns by how much the list grew.
func (l *list[W]) put(e *entry[W], in bool) int {
	if in {
		l.push(e)
		return 1
	}
	l.remove(e)
	return -1
}

func (l *list[W]) push(e *entry[W]) {
	e.links[l.of].prev = l.tail
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.links[l.of].next = e
	}
	l.tail = e
}

func (l *list[W]) remove(e *entry[W]) {
	at := &e.links[l.of]
	if at.prev == nil {
		l.head = at.next
	} else {
		at.prev.links[l.of].next = at.next
	}
	if at.next == nil {
		l.tail = at.prev
	} else {
		at.next.links[l.of].prev = at.prev
	}
	*at = link[W]{}
}

func (l *list[W]) next(e *entry[W]) *entry[W] { return e.links[l.of].next }
