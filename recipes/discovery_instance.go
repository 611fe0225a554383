package recipes

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/zklab/zklab/recipes/internal/znodes"
)

// Instance is an instance of a service: a process that serves it.
type Instance struct {
	// ID is the name of the instance, which stays the same in updates. If it is empty, Register
	// makes a unique one.
	ID string
	// Address is the address, in the form that callers dial, such as 10.0.0.7:8080.
	Address string
	// Metadata is other data about the instance. Do not change the map of an instance that was
	// read.
	Metadata map[string]string
}

// Equal reports whether two instances are the same, including their metadata.
func (i Instance) Equal(other Instance) bool {
	return i.ID == other.ID && i.Address == other.Address && maps.Equal(i.Metadata, other.Metadata)
}

// entryVersion is the version of the format in which instances are written. A reader ignores other
// versions. A change to the meaning of fields needs a new version.
const entryVersion = 1

// entry is the data of an instance's znode.
type entry struct {
	Version      int               `json:"version"`
	Registration string            `json:"registration"` // made for each call to Register
	Revision     int               `json:"revision"`     // rises with each update
	ID           string            `json:"id"`
	Address      string            `json:"address"`
	Metadata     map[string]string `json:"metadata,omitempty"`
}

func newEntry(in Instance) entry {
	e := entry{Version: entryVersion, Registration: znodes.NewID(), ID: in.ID, Address: in.Address, Metadata: maps.Clone(in.Metadata)}
	e.ID = cmp.Or(e.ID, e.Registration)
	return e
}

// next returns the entry after an update.
func (e entry) next(in Instance) entry {
	e.Revision++
	e.Address, e.Metadata = in.Address, maps.Clone(in.Metadata)
	return e
}

func (e entry) instance() Instance {
	return Instance{ID: e.ID, Address: e.Address, Metadata: maps.Clone(e.Metadata)}
}

// encode returns an error for text that is not UTF-8: JSON would replace it.
func (e entry) encode() ([]byte, error) {
	ok := e.Address != "" && utf8.ValidString(e.ID) && utf8.ValidString(e.Address)
	for name, value := range e.Metadata {
		ok = ok && utf8.ValidString(name) && utf8.ValidString(value)
	}
	if !ok {
		return nil, ErrInstance
	}
	return json.Marshal(e)
}

func parseEntry(data []byte) (entry, error) {
	var e entry
	switch err := json.Unmarshal(data, &e); {
	case err != nil:
		return entry{}, notJSON(err)
	case e.Version != entryVersion:
		return entry{}, fmt.Errorf("version %d of the format, this is version %d", e.Version, entryVersion)
	case e.ID == "" || e.Address == "":
		return entry{}, errors.New("an instance without an id or an address")
	}
	return e, nil
}

// instancesOf returns the instances among the members of a group, given in the order in which they
// joined. It sorts them by ID, and never returns nil.
func instancesOf(members []Member) []Instance {
	var entries []entry
	for _, m := range members {
		if e, err := parseEntry(m.Data); err == nil {
			entries = append(entries, e)
		}
	}
	all := make([]Instance, 0, len(entries))
	for _, i := range shown(entries) {
		all = append(all, entries[i].instance())
	}
	slices.SortFunc(all, func(a, b Instance) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// shown returns the indices of the entries that count, in the order in which their members joined:
// for each ID the last entry that no update has replaced. An entry with an update may come before
// the one that it replaces, if it was registered again after an expiry.
func shown(entries []entry) []int {
	type registration struct{ id, of string }
	latest := map[registration]int{} // revision
	for _, e := range entries {
		r := registration{e.Registration, e.ID}
		latest[r] = max(latest[r], e.Revision)
	}
	last := map[string]int{} // by ID
	for i, e := range entries {
		if e.Revision >= latest[registration{e.Registration, e.ID}] {
			last[e.ID] = i
		}
	}
	return slices.Sorted(maps.Values(last))
}
