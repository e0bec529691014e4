package badger

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/dgraph-io/badger/v4/y"
)

// Badger's reader of logs stops at the first damaged record. This one goes on behind it: a record has a checksum, so that one can be told
// from what is none at any byte.
//
// A log is 20 bytes that serve encryption, and records. A record is two bytes of flags, the lengths of key and value and a time of expiry
// (uvarints), the key with its timestamp, the value, and the CRC-32C of all that. What is not written yet is zero.

const (
	logHeaderLength = 20
	metaDelete      = 1 << 0
	metaPointer     = 1 << 1 // the value is in the value log
	metaPart        = 1 << 6 // of a transaction that ends with a record of metaEnd
	metaEnd         = 1 << 7
	metaUnused      = 0x30
	maxLogKey       = 1 << 16
	maxLogValue     = 64 << 20
)

// A logRecord is one entry of a log; key has its timestamp.
type logRecord struct {
	key, value []byte
	meta       byte
}

// readLogRecord reads the record that b begins with; n is its length, 0 when there is none.
func readLogRecord(b []byte) (r logRecord, n int) {
	if len(b) < 2+3+9+crc32.Size || b[0]&metaUnused != 0 || b[1] != 0 {
		return r, 0
	}
	r.meta = b[0]
	at := 2
	var numbers [3]uint64
	for i := range numbers {
		v, size := binary.Uvarint(b[at:])
		if size <= 0 {
			return r, 0
		}
		numbers[i], at = v, at+size
	}
	keys, values := numbers[0], numbers[1]
	if numbers[2] != 0 || keys < 9 || keys > maxLogKey || values > maxLogValue || uint64(len(b)-at) < keys+values+crc32.Size {
		return r, 0
	}
	end := at + int(keys+values)
	r.key, r.value = b[at:at+int(keys)], b[at+int(keys):end]
	if !bytes.ContainsAny(r.key[:1], string(tables)+"!") || binary.BigEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return r, 0
	}
	return r, end + crc32.Size
}

// salvageLog takes what can be read of a log.
func (s *salvage) salvageLog(file string, log []byte) {
	used := len(bytes.TrimRight(log, "\x00"))
	gap, n := -1, 0           // where damage begins, and how many records there are
	var part []uint64         // timestamps of the transaction that has no end so far
	hide := func(ts uint64) { // Badger stops at damage, and takes no part of a transaction
		if s.hidden == 0 || ts < s.hidden {
			s.hidden = ts
		}
	}
	stopped := false
	said := func(to int) {
		switch {
		case gap < 0:
		case to < used:
			s.torn(file, "%d bytes from byte %d on can't be read; records follow", to-gap, gap)
		default:
			s.torn(file, "it can't be read from byte %d on", gap)
		}
		gap = -1
	}
	for at := logHeaderLength; at < len(log); {
		if at >= used && gap < 0 {
			break
		}
		if at >= used+crc32.Size { // a record may end in zeros
			break
		}
		r, length := readLogRecord(log[at:])
		if length == 0 {
			if gap < 0 {
				gap = at
			}
			at++
			continue
		}
		stopped = stopped || gap >= 0
		said(at)
		switch ts := y.ParseTs(r.key); {
		case r.meta&metaEnd != 0 && !stopped:
			part = nil
		case stopped && r.meta&metaEnd == 0:
			hide(ts)
		case r.meta&metaPart != 0:
			part = append(part, ts)
		}
		s.add(file, y.ParseKey(r.key), y.ParseTs(r.key), r.meta, r.value)
		at += length
		n++
	}
	said(used)
	for _, ts := range part {
		hide(ts)
	}
	if n == 0 && used > logHeaderLength {
		s.torn(file, "nothing of it can be read")
	}
}
