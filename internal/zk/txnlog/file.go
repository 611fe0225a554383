package txnlog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"

	"github.com/zklab/zklab/history"
)

const (
	magic        = 0x5a4b4c47 // "ZKLG"
	version      = 2
	sizeOfHeader = 16
	// recordHead is the size of what comes before each record, and recordFrame with what comes after it.
	recordHead  = 8 + 4
	recordFrame = recordHead + 1
	// endOfRecord follows each record.
	endOfRecord = 'B'
	// maxRecord is larger than any record that a sensible jute.maxbuffer allows.
	maxRecord = 64 << 20
)

// ErrDamaged means that a file is not a transaction log, or is damaged before its last record, for example
// because its disk was full. A last record that is cut off is no damage: the server was killed while it wrote
// it, and had not acknowledged it.
var ErrDamaged = errors.New("damaged transaction log")

// Entry is one transaction of a log.
type Entry struct {
	Txn history.Txn
	// End is the place in the file behind the transaction.
	End int64
	// bytes are the same in every log that has the transaction; see identity.
	bytes string
}

// ReadFile reads one file of a log. An empty file is an empty log. With [ErrDamaged], it returns the
// entries before the damage.
func ReadFile(r io.Reader) ([]Entry, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if err := readFileHeader(in); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, err
	}
	var entries []Entry
	end := int64(sizeOfHeader)
	for {
		record, err := readRecord(in)
		if err == io.EOF {
			err = onlyZeros(in)
			if err == nil {
				return entries, nil
			}
		}
		if err != nil {
			return entries, fmt.Errorf("record %d: %w", len(entries)+1, err)
		}
		txn, n, err := decode(record)
		if err != nil {
			return entries, fmt.Errorf("record %d: %w: %w", len(entries)+1, ErrDamaged, err)
		}
		end += recordFrame + int64(len(record))
		entries = append(entries, Entry{Txn: txn, End: end, bytes: identity(&txn, record[:n])})
	}
}

// headerSize is the size of session, cxid, zxid, time and type.
const headerSize = 8 + 4 + 8 + 8 + 4

// identity returns the header and the record of a transaction. For a multi that failed it returns only
// the header: a server that applies such a multi marks all its parts as errors (DataTree.processTxn),
// sometimes before it has written them, so that servers can have different bytes for the same
// transaction.
func identity(t *history.Txn, record []byte) string {
	for _, p := range t.Parts {
		if p.Type == errorType {
			return string(record[:headerSize])
		}
	}
	return string(record)
}

func readFileHeader(in io.Reader) error {
	var b [sizeOfHeader]byte // magic, version, and an id that is not used
	if _, err := io.ReadFull(in, b[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return io.EOF
		}
		return err
	}
	if m := binary.BigEndian.Uint32(b[:]); m != magic {
		return fmt.Errorf("%w: it begins with %#x, not with ZKLG", ErrDamaged, m)
	}
	if v := binary.BigEndian.Uint32(b[4:]); v != version {
		return fmt.Errorf("%w: version %d, not %d", ErrDamaged, v, version)
	}
	return nil
}

// readRecord returns the next record, or io.EOF at the end: where the file ends, or where the zeros
// begin with which the server has padded it.
func readRecord(in *bufio.Reader) ([]byte, error) {
	var head [recordHead]byte // checksum and length
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, ended(err)
	}
	sum, size := binary.BigEndian.Uint64(head[:]), binary.BigEndian.Uint32(head[8:])
	switch {
	case size == 0:
		return nil, io.EOF
	case size > maxRecord:
		return nil, fmt.Errorf("%w: a length of %d", ErrDamaged, size)
	}
	record, err := io.ReadAll(io.LimitReader(in, int64(size)))
	if err != nil {
		return nil, err
	}
	end, err := in.ReadByte()
	if len(record) < int(size) || err != nil {
		return nil, ended(err)
	}
	// A server that is killed leaves zeros where it had not written yet.
	if end == 0 {
		return nil, io.EOF
	}
	if end != endOfRecord || uint64(adler32.Checksum(record)) != sum {
		return nil, fmt.Errorf("%w: the checksum does not fit", ErrDamaged)
	}
	return record, nil
}

// onlyZeros returns an error if anything but zeros follows the end of a log.
func onlyZeros(in io.Reader) error {
	b := make([]byte, 4096)
	for {
		n, err := in.Read(b)
		for _, c := range b[:n] {
			if c != 0 {
				return fmt.Errorf("%w: something stands behind zeros", ErrDamaged)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// ended treats a file that ends in the middle of a record as one that ends before it: it returns
// io.EOF.
func ended(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}
