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

// itemNames is the answer to make, and an ItemNamer. If its text is empty, every child is
// an item.
type itemNames struct {
	Items string `json:"items,omitempty"`
}

func (n itemNames) IsItem(child string) bool { return strings.Contains(child, n.Items) }
func (n itemNames) ItemNames() string        { return n.Items }

// ownItems are the items of zklab's own queues.
var ownItems = itemNames{"-item-"}

// itemsOf says which children of a queue's znode are items.
func itemsOf(queue any) itemNames {
	if n, ok := Offered[ItemNamer](queue); ok {
		return itemNames{n.ItemNames()}
	}
	return itemNames{}
}

// aboutItems returns the answer to make for a queue; nil for none.
func aboutItems(queue any) any {
	if n, ok := Offered[ItemNamer](queue); ok {
		return itemNames{n.ItemNames()}
	}
	return nil
}
