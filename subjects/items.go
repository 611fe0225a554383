package subjects

import "strings"

// Itemizer is a queue of any kind in whose znode stand other children than items.
// Without it every child is an item, but for znodes that no recipe made, which are gone when items are
// counted in the end.
type Itemizer interface{ IsItem(child string) bool }

// ItemNamer is an Itemizer whose items are the children whose names contain what
// ItemNames gives, so that another process can be told.
type ItemNamer interface {
	Itemizer
	ItemNames() string
}

// itemNames is the answer to make, and an ItemNamer. Without a text every child is an
// item.
type itemNames struct {
	Items string `json:"items,omitempty"`
}

func (n itemNames) IsItem(child string) bool { return strings.Contains(child, n.Items) }
func (n itemNames) ItemNames() string        { return n.Items }

// ownItems are those of zklab's own queues.
var ownItems = itemNames{"-item-"}

// itemsOf says which children of a queue's znode are items.
func itemsOf(queue any) itemNames {
	if n, ok := Offered[ItemNamer](queue); ok {
		return itemNames{n.ItemNames()}
	}
	return itemNames{}
}

// aboutItems is what make is answered with for a queue; nil: nothing.
func aboutItems(queue any) any {
	if n, ok := Offered[ItemNamer](queue); ok {
		return itemNames{n.ItemNames()}
	}
	return nil
}
