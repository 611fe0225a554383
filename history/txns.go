package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// MaxTxnLine is the maximum length of a line of transactions, in bytes, including its newline. It
// has room for a znode's megabyte in base64, or for the paths of a session with very many
// ephemerals.
const MaxTxnLine = 64 << 20

// WriteTxns writes transactions, one JSON object per line. They must be in order of zxid.
func WriteTxns(w io.Writer, txns []Txn) error {
	out := NewTxnWriter(w)
	if err := out.Write(txns); err != nil {
		return err
	}
	return out.Flush()
}

// TxnWriter writes transactions as they arrive; see [WriteTxns].
type TxnWriter struct {
	out  *bufio.Writer
	line []byte
	last ID
}

// NewTxnWriter returns a TxnWriter on w, which it does not close.
func NewTxnWriter(w io.Writer) *TxnWriter {
	return &TxnWriter{out: bufio.NewWriterSize(w, 64<<10)}
}

// Write adds transactions, which must follow those written before. After an error the whole output
// is invalid.
func (w *TxnWriter) Write(txns []Txn) error {
	for i := range txns {
		if err := follows(&w.last, txns[i].Zxid); err != nil {
			return fmt.Errorf("write transactions: %w", err)
		}
		line, err := appendTxn(w.line[:0], &txns[i])
		if err != nil {
			return fmt.Errorf("write transactions: %w", err)
		}
		w.line = append(line, '\n')
		if _, err := w.out.Write(w.line); err != nil {
			return fmt.Errorf("write transactions: %w", err)
		}
	}
	return nil
}

// Flush writes buffered data to the underlying writer.
func (w *TxnWriter) Flush() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("write transactions: %w", err)
	}
	return nil
}

// CreateTxns writes transactions into a new file; see [WriteTxns]. It returns an error if the file
// exists, and leaves no file if it fails.
func CreateTxns(path string, txns []Txn) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("write transactions: %w", err)
	}
	if err := errors.Join(WriteTxns(f, txns), f.Close()); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

// ReadTxns reads the output of [WriteTxns]. It returns a [DamagedError] if a line is not a
// transaction or is out of order: incomplete evidence could prove anything.
func ReadTxns(r io.Reader) ([]Txn, error) { return readTxns(r, 0) }

func readTxns(r io.Reader, expected int) ([]Txn, error) {
	txns := make([]Txn, 0, expected)
	err := newQuick().eachTxn(r, func(t *Txn) { txns = append(txns, *t) })
	if err != nil || len(txns) == 0 {
		return nil, err
	}
	return txns, nil
}

// eachTxn calls do for each transaction. do may keep what t points to.
func (q *quick) eachTxn(r io.Reader, do func(t *Txn)) error {
	var last ID
	lines := lineReader{r: bufio.NewReaderSize(r, 64<<10), limit: MaxTxnLine}
	for n := 1; ; n++ {
		line, whole, err := lines.next()
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return err
		}
		var t Txn
		if err == nil {
			t, err = q.parseTxn(line, whole, &last)
		}
		if err != nil {
			return &DamagedError{Line: n, Reason: err.Error()}
		}
		do(&t)
	}
}

// compact drops the spare capacity that decoding left in lists, and keeps one copy of equal names,
// of which even a long log has few.
func (t *Txn) compact(names names) {
	t.Path, t.Type = names.same(t.Path), names.same(t.Type)
	t.ACL, t.Paths, t.Parts = slices.Clone(t.ACL), slices.Clone(t.Paths), slices.Clone(t.Parts)
	for i := range t.Parts {
		t.Parts[i].compact(names)
	}
}

// OpenTxns reads the transactions in a file; see [ReadTxns].
func OpenTxns(path string) ([]Txn, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	expected, err := countLines(f)
	var txns []Txn
	if err == nil {
		txns, err = readTxns(f, expected)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return txns, nil
}

// EachTxn is like OpenTxns, but calls do for one transaction after the other and keeps none. The errors
// are the same; do may have been called before an error is found.
func EachTxn(path string, do func(t *Txn)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := newQuick().eachTxn(f, do); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (q *quick) parseTxn(line []byte, whole bool, last *ID) (t Txn, err error) {
	if !whole {
		return t, errors.New("the line is cut off")
	}
	t, ok := q.txn(line)
	if !ok {
		t = Txn{}
		if err := unmarshal(line, &t); err != nil {
			return t, err
		}
		t.compact(q.names)
	}
	if t.Type == "" {
		return t, errors.New("no type")
	}
	return t, follows(last, t.Zxid)
}

// follows checks that zxid is above *last, and sets *last to it. It compares zxids as unsigned
// numbers.
func follows(last *ID, zxid ID) error {
	if uint64(zxid) <= uint64(*last) {
		return fmt.Errorf("zxid %s does not follow %s", zxid, *last)
	}
	*last = zxid
	return nil
}
