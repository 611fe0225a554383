package history

import (
	"encoding/binary"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"
)

// PackedTxns are the transactions of a large run, in about a fifth of the memory that a list of them takes.
// They are decoded when a caller asks for them.
type PackedTxns struct {
	n     int
	pages [][]byte

	types, paths []string
	sessions     []ID
	rare         []*Txn // transactions with rare fields
}

// Len returns the number of transactions. p may be nil.
func (p *PackedTxns) Len() int {
	if p == nil {
		return 0
	}
	return p.n
}

// OpenPackedTxns is like [OpenTxns], for a file that may be large.
func OpenPackedTxns(path string) (*PackedTxns, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := txnPacker{typeOf: map[string]int{}, pathOf: map[string]int{}, sessionOf: map[ID]int{}}
	q := newQuick()
	err = q.eachTxn(f, func(t *Txn) {
		p.add(t)
		q.room = q.room[:0] // for the next data
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	of := p.PackedTxns // without what only packing needs
	return &of, nil
}

// txnPacker makes packed transactions.
type txnPacker struct {
	PackedTxns
	typeOf, pathOf map[string]int
	sessionOf      map[ID]int
	body           []byte
}

const (
	isRare = 1 << iota
	hasWall
	hasPath
	hasData
	hasParts
	hasOwner
	hasNumbers // cxid, versions, error codes and the like
)

func (p *txnPacker) add(t *Txn) {
	p.body = p.body[:0]
	p.encode(t)
	n := len(p.pages)
	if size := len(p.body); n == 0 || cap(p.pages[n-1])-len(p.pages[n-1]) < size {
		p.pages = append(p.pages, make([]byte, 0, max(pageSize, size)))
		n++
	}
	p.pages[n-1] = append(p.pages[n-1], p.body...)
	p.n++
}

func (p *txnPacker) encode(t *Txn) {
	wall := t.Wall.UnixMilli()
	if t.ACL != nil || t.TTL != 0 || t.Timeout != 0 || t.Paths != nil || !t.Wall.IsZero() && t.Wall != time.UnixMilli(wall).UTC() {
		p.body = binary.AppendUvarint(append(p.body, isRare), uint64(len(p.rare)))
		rare := t.clone()
		p.rare = append(p.rare, &rare)
		return
	}
	flags := byte(0)
	for _, of := range [...]struct {
		flag byte
		has  bool
	}{
		{hasWall, !t.Wall.IsZero()},
		{hasPath, t.Path != ""},
		{hasData, t.Data != nil},
		{hasParts, t.Parts != nil},
		{hasOwner, t.Owner != 0},
		{hasNumbers, t.Cxid|t.Version|t.ParentCversion|t.Error != 0},
	} {
		if of.has {
			flags |= of.flag
		}
	}
	to := binary.AppendUvarint(append(p.body, flags), uint64(t.Zxid))
	to = binary.AppendUvarint(to, uint64(number(&p.types, p.typeOf, t.Type)))
	to = binary.AppendUvarint(to, uint64(number(&p.sessions, p.sessionOf, t.Session)))
	if flags&hasWall != 0 {
		to = binary.AppendVarint(to, wall)
	}
	if flags&hasPath != 0 {
		to = binary.AppendUvarint(to, uint64(number(&p.paths, p.pathOf, t.Path)))
	}
	if flags&hasData != 0 {
		to = append(binary.AppendUvarint(to, uint64(len(t.Data))), t.Data...)
	}
	if flags&hasOwner != 0 {
		to = binary.AppendUvarint(to, uint64(t.Owner))
	}
	if flags&hasNumbers != 0 {
		for _, n := range []int32{t.Cxid, t.Version, t.ParentCversion, t.Error} {
			to = binary.AppendVarint(to, int64(n))
		}
	}
	if flags&hasParts != 0 {
		to = binary.AppendUvarint(to, uint64(len(t.Parts)))
	}
	p.body = to
	for i := range t.Parts {
		p.encode(&t.Parts[i])
	}
}

// clone returns the transaction with data of its own.
func (t *Txn) clone() Txn {
	of := *t
	of.Data, of.Parts = slices.Clone(t.Data), slices.Clone(t.Parts)
	for i := range of.Parts {
		of.Parts[i] = of.Parts[i].clone()
	}
	return of
}

// All yields all transactions in order, each valid until the next one. p may be nil.
func (p *PackedTxns) All() iter.Seq[*Txn] {
	return func(yield func(*Txn) bool) {
		if p == nil {
			return
		}
		var t Txn
		for _, page := range p.pages {
			for r := (reading{page}); len(r.rest) > 0; {
				p.decode(&r, &t)
				if !yield(&t) {
					return
				}
			}
		}
	}
}

// List returns all transactions in a list.
func (p *PackedTxns) List() []Txn {
	all := make([]Txn, 0, p.Len())
	for t := range p.All() {
		all = append(all, *t)
	}
	return all
}

func (p *PackedTxns) decode(r *reading, t *Txn) {
	flags := r.rest[0]
	r.rest = r.rest[1:]
	if flags == isRare {
		*t = *p.rare[r.unsigned()]
		return
	}
	*t = Txn{Zxid: ID(r.unsigned()), Type: p.types[r.unsigned()], Session: p.sessions[r.unsigned()]}
	if flags&hasWall != 0 {
		t.Wall = time.UnixMilli(r.signed()).UTC()
	}
	if flags&hasPath != 0 {
		t.Path = p.paths[r.unsigned()]
	}
	if flags&hasData != 0 {
		n := r.unsigned()
		t.Data, r.rest = r.rest[:n:n], r.rest[n:]
	}
	if flags&hasOwner != 0 {
		t.Owner = ID(r.unsigned())
	}
	if flags&hasNumbers != 0 {
		t.Cxid, t.Version, t.ParentCversion, t.Error = int32(r.signed()), int32(r.signed()), int32(r.signed()), int32(r.signed())
	}
	if flags&hasParts != 0 {
		t.Parts = make([]Txn, r.unsigned())
		for i := range t.Parts {
			p.decode(r, &t.Parts[i])
		}
	}
}
