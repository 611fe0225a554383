package subjects

import "strings"

// Itemizer is a queue of any kind whose znode has children that are not items. For other
// queues every child counts as an item, except znodes that no recipe made, which are removed before
// the remaining items are counted at the end.
type Itemizer interface{ IsItem(child string) bool }

// ItemNamer is an Itemizer whose items are the children whose names contain ItemNames. Another
// process can be told this name.
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

// ownItems is the part that is in the names of all items of zklab's own queues.
const ownItems itemNames = "-item-"
