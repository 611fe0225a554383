package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrShort means that a record ends before its last field.
var ErrShort = errors.New("record is cut short")

// Decoder reads the fields of a record one after another. The first error sticks: later reads return
// zero values, and Err returns the error. The zero Decoder reads an empty record.
type Decoder struct {
	rest []byte
	err  error
}

// NewDecoder reads from b. Slices that it returns are parts of b.
func NewDecoder(b []byte) *Decoder { return &Decoder{rest: b} }

// Err returns the first error, or nil.
func (d *Decoder) Err() error { return d.err }

// Rest returns the bytes that were not read yet.
func (d *Decoder) Rest() []byte { return d.rest }

// Fail makes err the first error, unless there is one. It is for callers that cannot use what was read.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *Decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

func (d *Decoder) take(n int) []byte {
	if d.err != nil {
		return nil
	}
	if n > len(d.rest) {
		d.err = ErrShort
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// Bool reads one byte.
func (d *Decoder) Bool() bool {
	b := d.take(1)
	return b != nil && b[0] != 0
}

// Int reads four bytes.
func (d *Decoder) Int() int32 {
	b := d.take(4)
	if b == nil {
		return 0
	}
	return int32(binary.BigEndian.Uint32(b))
}

// Long reads eight bytes.
func (d *Decoder) Long() int64 {
	b := d.take(8)
	if b == nil {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}

// Buffer reads a length and that many bytes. A length of -1 gives nil.
func (d *Decoder) Buffer() []byte {
	n := d.Int()
	if n < -1 {
		d.fail("a field's length is %d", n)
	}
	if n < 0 {
		return nil
	}
	return d.take(int(n))
}

// String reads like Buffer.
func (d *Decoder) String() string { return string(d.Buffer()) }

// Count reads the number of elements of a vector, each of at least size bytes. It is 0 for a null
// vector, and never more than the rest of the input can hold. As in Java's decoder, any other negative
// number also means an empty vector.
func (d *Decoder) Count(size int) int {
	n, _ := d.vector(size)
	return n
}

// vector is like Count, and reports whether the vector was null.
func (d *Decoder) vector(size int) (n int, null bool) {
	v := d.Int()
	switch {
	case d.err != nil || v < 0:
		return 0, d.err != nil || v == -1
	case int(v) > len(d.rest)/size:
		d.err = ErrShort
		return 0, true
	}
	return int(v), false
}

// AppendBool, AppendInt, AppendLong, AppendBuffer and AppendString write one
// field each to the end of b.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// AppendInt appends four bytes.
func AppendInt(b []byte, v int32) []byte { return binary.BigEndian.AppendUint32(b, uint32(v)) }

// AppendLong appends eight bytes.
func AppendLong(b []byte, v int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(v)) }

// AppendBuffer appends length and bytes; nil has length -1.
func AppendBuffer(b, v []byte) []byte {
	if v == nil {
		return AppendInt(b, -1)
	}
	return append(AppendInt(b, int32(len(v))), v...)
}

// AppendString appends length and bytes.
func AppendString(b []byte, v string) []byte {
	return append(AppendInt(b, int32(len(v))), v...)
}
