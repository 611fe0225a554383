package txnlog

import (
	"bufio"
	"errors"
	"fmt"
	"hash/adler32"
	"io"

	"github.com/zklab/zklab/internal/zk/wire"
)

// FileHeader returns the beginning of each file of a log.
func FileHeader() []byte {
	return wire.AppendLong(wire.AppendInt(wire.AppendInt(nil, magic), version), 0)
}

// AppendRecord appends a record, which includes the transaction's header, in the format of a file.
func AppendRecord(b, record []byte) []byte {
	b = wire.AppendLong(b, int64(adler32.Checksum(record)))
	return append(wire.AppendBuffer(b, record), endOfRecord)
}

// Scan calls each for every record of a file, with the offset of the record's end, and returns the end of the
// last record. A record that is cut off at the end of the file does not count. It stops at the first error of
// each, or with [ErrDamaged].
func Scan(r io.Reader, each func(record []byte, end int64) error) (end int64, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if err := readFileHeader(in); err != nil {
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		return 0, err
	}
	end = int64(len(FileHeader()))
	for n := 1; ; n++ {
		record, err := readRecord(in)
		if err == io.EOF {
			err = onlyZeros(in)
			if err == nil {
				return end, nil
			}
		}
		if err == nil {
			end += 8 + 4 + int64(len(record)) + 1 // checksum, length, end of record
			err = each(record, end)
		}
		if err != nil {
			return end, fmt.Errorf("record %d: %w", n, err)
		}
	}
}
