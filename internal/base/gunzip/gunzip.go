// Package gunzip reads files that may be packed by gzip.
package gunzip

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
)

// magic is the beginning of a packed file.
const magic = "\x1f\x8b"

// Reader reads r, and unpacks it if it is packed by gzip. An error of r, or a gzip header that is
// malformed, may be returned at once.
func Reader(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	switch head, err := b.Peek(len(magic)); {
	case err != nil && err != io.EOF:
		return nil, err
	case string(head) != magic:
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, damaged(err)
	}
	return unpacked{z}, nil
}

// unpacked marks its errors as gzip's.
type unpacked struct{ z *gzip.Reader }

func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.z.Read(p)
	if err != nil && err != io.EOF {
		err = damaged(err)
	}
	return n, err
}

func damaged(err error) error {
	return fmt.Errorf("the gzip file is truncated or damaged: %w", err)
}
