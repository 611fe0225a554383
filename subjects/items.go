package subjects

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/history/models"
)

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

// queues is the contract of queues of one kind, whose isItem tells which children of their znodes are items.
func queues[Q any](m *models.Model, offers offer, operations ...operation[Q]) *Contract[Q, None] {
	return &Contract[Q, None]{
		model: m, operations: operations, offers: []offer{offers},
		about: func(q Q) any { return aboutQueue(q) }, check: checkQueue,
	}
}

// boundedItems is the answer to make for a queue, which may be [Bounded].
type boundedItems struct {
	itemNames
	Room int `json:"capacity,omitempty"`
}

// aboutQueue returns the answer to make for a queue; nil for none.
func aboutQueue(queue any) any {
	var about boundedItems
	names, named := Offered[ItemNamer](queue)
	if named {
		about.Items = names.ItemNames()
	}
	bounded, is := Offered[Bounded](queue)
	if is {
		about.Room = bounded.Capacity()
	}
	if !named && !is {
		return nil
	}
	return about
}

// checkQueue checks what another process says of a queue.
func checkQueue(queue Object) error {
	var about boundedItems
	if err := queue.About(&about); err != nil {
		return err
	}
	if queue.Offers(OfferBounded) && about.Room < 1 {
		return fmt.Errorf("the program offers %q, and says no capacity of 1 or more when it makes a queue", OfferBounded)
	}
	return nil
}

// RoomIn returns the capacity of a queue; 0 if it is not [Bounded].
func RoomIn(queue At[Queue]) int {
	if !queue.Offers(OfferBounded) {
		return 0
	}
	if queue.There == nil {
		b, _ := Offered[Bounded](queue.Here)
		return b.Capacity()
	}
	var about boundedItems
	_ = queue.There.About(&about)
	return about.Room
}

// ItemsIn returns the function that tells which children of a queue's znode are items; see [Itemizer].
func ItemsIn[Q any](queue At[Q]) (isItem func(child string) bool) {
	if queue.There == nil {
		if i, ok := Offered[Itemizer](queue.Here); ok {
			return i.IsItem
		}
		return func(string) bool { return true }
	}
	var about itemNames
	_ = queue.There.About(&about)
	return about.IsItem
}
