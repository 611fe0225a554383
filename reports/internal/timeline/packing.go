package timeline

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
)

// packing packs many numbers into a page: column after column, each number as a varint (LEB128),
// all compressed with gzip, in base64. A million operations with twenty columns take some twenty
// megabytes in this form, and a browser unpacks them in a second; as JSON they would take ten times
// as much of both.
type packing struct {
	Names []columnName

	buf bytes.Buffer
	zip *gzip.Writer
}

// columnName says how a script reads a column.
type columnName struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
	// Kind is the type of the array, the smallest that has all numbers: u8, u16, u32, or f64, which has
	// whole numbers up to 2^53.
	Kind string `json:"kind"`
	// Delta reports whether each number is the difference from the one before. Its sign is the lowest bit.
	Delta bool `json:"delta,omitempty"`
}

func newPacking() *packing {
	c := &packing{}
	c.zip, _ = gzip.NewWriterLevel(&c.buf, gzip.BestSpeed) // the level is one that exists
	return c
}

// add adds a column of numbers from 0 to 2^53.
func (c *packing) add(name string, rows int, value func(i int) uint64) {
	c.column(name, rows, false, value)
}

// addDelta adds a column whose numbers are near the ones before them.
func (c *packing) addDelta(name string, rows int, value func(i int) uint64) {
	c.column(name, rows, true, value)
}

func (c *packing) column(name string, rows int, delta bool, value func(i int) uint64) {
	var of column
	for i := range rows {
		of.add(value(i), delta)
		if len(of.raw) >= 64<<10 {
			c.write(&of)
		}
	}
	c.put(name, &of, delta)
}

// column is a column under construction.
type column struct {
	raw  []byte // encoded, without the part that is compressed already
	rows int
	last int64
	most uint64
}

func (c *column) add(v uint64, delta bool) {
	v = min(v, mostExact)
	c.rows, c.most = c.rows+1, max(c.most, v)
	if !delta {
		c.raw = binary.AppendUvarint(c.raw, v)
		return
	}
	d := int64(v) - c.last
	c.raw = binary.AppendUvarint(c.raw, uint64(d<<1)^uint64(d>>63))
	c.last = int64(v)
}

// put adds a whole column.
func (c *packing) put(name string, of *column, delta bool) {
	c.write(of)
	c.Names = append(c.Names, columnName{Name: name, Rows: of.rows, Kind: kindFor(of.most), Delta: delta})
}

// kindFor returns the smallest type of array for numbers up to most.
func kindFor(most uint64) string {
	switch {
	case most < 1<<8:
		return "u8"
	case most < 1<<16:
		return "u16"
	case most < 1<<32:
		return "u32"
	}
	return "f64"
}

// mostExact is the largest number up to which a script's numbers are exact.
const mostExact = 1 << 53

// write compresses the part of a column that has been encoded.
func (c *packing) write(of *column) {
	_, _ = c.zip.Write(of.raw) // a buffer takes everything
	of.raw = of.raw[:0]
}

// text returns all columns in base64.
func (c *packing) text() []byte {
	_ = c.zip.Close() // a buffer takes everything
	return base64.StdEncoding.AppendEncode(nil, c.buf.Bytes())
}
