package subjects

import "strings"

// Itemizer is a queue of any kind whose znode has children that are not items. For other
// queues every child counts as an item, except znodes that no recipe made; those are gone
// when the items left at the end are counted.
type Itemizer interface{ IsItem(child string) bool }

// ItemNamer is an Itemizer whose items are the children whose names contain ItemNames. This
// can be told to another process.
type ItemNamer interface {
	Itemizer
	ItemNames() string
}

// itemNames is an ItemNamer.
type itemNames string

// IsItem implements [Itemizer].
func (n itemNames) IsItem(child string) bool { return strings.Contains(child, string(n)) }

// ItemNames implements [ItemNamer].
func (n itemNames) ItemNames() string { return string(n) }

// ownItems is in the names of all items of zklab's own queues.
const ownItems itemNames = "-item-"
