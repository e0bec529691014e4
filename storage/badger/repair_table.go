package badger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/y"
)

// Badger's reader of tables opens none whose index or last block is damaged. This one takes every block by itself.
//
// A table is its blocks, one behind the other, an index, the length of the index, and a checksum of the index with its length. A block is
// its entries, where each begins (4 bytes each), how many they are, and a checksum of all that with its length. An entry is two lengths
// (2 bytes each), of what its key shares with the block's first key and of what it does not, the rest of the key, and the value.

// A span of bytes in a table: a block, or what may be one.
type byteSpan struct{ from, to int }

// blocksOf returns where the blocks of a table are, as its index says; and when the index is damaged, where blocks are that can be told
// by their checksums alone.
func blocksOf(table []byte) (blocks []byteSpan, indexed bool) {
	if blocks, err := indexOf(table); err == nil {
		return blocks, true
	}
	// The end of a block looks like one, also when the block is damaged, and the next begins there.
	ends := []int{}
	for at := 6; at <= len(table); at++ {
		if body, _, ok := cutChecksum(table[:at]); ok && len(body) >= 4 {
			ends = append(ends, at)
		}
	}
	const tries = 64 // what looks like an end within a block
	starts := append([]int{0}, ends...)
	for i := 0; i < len(ends); {
		next := i + 1
		for j := i; j < min(len(ends), i+tries); j++ {
			if readBlock(table[starts[i]:ends[j]], func(_, _ []byte) {}) == nil {
				blocks = append(blocks, byteSpan{starts[i], ends[j]})
				next = j + 1
				break
			}
		}
		i = next
	}
	return blocks, false
}

// cutChecksum takes the checksum off the end of b, and tells whether there is one.
func cutChecksum(b []byte) (body []byte, sum uint32, ok bool) {
	if len(b) < 4 {
		return nil, 0, false
	}
	n := int(binary.BigEndian.Uint32(b[len(b)-4:]))
	b = b[:len(b)-4]
	if n < 2 || n > 6 || n > len(b) {
		return nil, 0, false
	}
	field := b[len(b)-n:]
	v, size := binary.Uvarint(field[1:])
	if field[0] != 0x10 || size != n-1 || v > 1<<32-1 { // the second field of a protocol buffer; the first says that it is a CRC-32C, by being absent
		return nil, 0, false
	}
	return b[:len(b)-n], uint32(v), true
}

// indexOf returns the blocks that the index of a table lists.
func indexOf(table []byte) (blocks []byteSpan, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%.200v", p)
		}
	}()
	body, sum, ok := cutChecksum(table)
	if !ok || len(body) < 4 {
		return nil, errors.New("no index")
	}
	n := int(binary.BigEndian.Uint32(body[len(body)-4:]))
	if body = body[:len(body)-4]; n > len(body) || n == 0 {
		return nil, errors.New("no index")
	}
	if body = body[len(body)-n:]; crc32.Checksum(body, castagnoli) != sum {
		return nil, errors.New("the index is damaged")
	}
	index := fb.GetRootAsTableIndex(body, 0)
	for i := range index.OffsetsLength() {
		var o fb.BlockOffset
		if !index.Offsets(&o, i) {
			return nil, errors.New("the index is damaged")
		}
		blocks = append(blocks, byteSpan{int(o.Offset()), int(o.Offset() + o.Len())})
	}
	return blocks, nil
}

var errBlock = errors.New("its checksum is wrong")

// readBlock calls fn with every entry of a block; keys have their timestamps. It has called it with none when it fails.
func readBlock(block []byte, fn func(key, value []byte)) error {
	body, sum, ok := cutChecksum(block)
	if !ok || len(body) < 4 || crc32.Checksum(body, castagnoli) != sum {
		return errBlock
	}
	n := int(binary.BigEndian.Uint32(body[len(body)-4:]))
	body = body[:len(body)-4]
	if n < 1 || n > len(body)/4 {
		return errBlock
	}
	data, offsets := body[:len(body)-4*n], body[len(body)-4*n:]
	type record struct{ key, value []byte }
	found := make([]record, 0, n)
	var first []byte
	for i := range n {
		from, to := int(binary.NativeEndian.Uint32(offsets[4*i:])), len(data)
		if i+1 < n {
			to = int(binary.NativeEndian.Uint32(offsets[4*i+4:]))
		}
		if from < 0 || to > len(data) || to-from < 4 {
			return errBlock
		}
		e := data[from:to]
		shared, own := int(binary.NativeEndian.Uint16(e)), int(binary.NativeEndian.Uint16(e[2:]))
		if shared > len(first) || 4+own > len(e) {
			return errBlock
		}
		key := append(bytes.Clone(first[:shared]), e[4:4+own]...)
		if i == 0 {
			first = key
		}
		found = append(found, record{key, e[4+own:]})
	}
	for _, r := range found {
		fn(r.key, r.value)
	}
	return nil
}

// salvageTable takes what can be read of a table.
func (s *salvage) salvageTable(file string, table []byte) {
	blocks, indexed := blocksOf(table)
	if !indexed {
		s.damage(file, "its index is damaged; %d blocks are found without it", len(blocks))
	}
	var last []byte // key before a damaged block
	bad := 0
	for i, b := range blocks {
		var first []byte
		err := errBlock
		if b.from >= 0 && b.from < b.to && b.to <= len(table) {
			err = readBlock(table[b.from:b.to], func(key, value []byte) {
				if first == nil {
					first = key
				}
				var v y.ValueStruct
				if len(value) >= 2 {
					v.Decode(value)
				}
				s.add(file, y.ParseKey(key), y.ParseTs(key), v.Meta, v.Value)
				last = key
			})
		}
		if err != nil {
			bad++
			continue
		}
		if bad > 0 {
			s.damage(file, "%s of %d, before number %d, can't be read: what was before %s", plural(bad, "block"), len(blocks), i+1, describe(y.ParseKey(first)))
			bad = 0
		}
	}
	if bad > 0 && len(last) > 8 {
		s.damage(file, "the last %s of %d can't be read: what was behind %s", plural(bad, "block"), len(blocks), describe(y.ParseKey(last)))
	} else if bad > 0 || len(blocks) == 0 {
		s.damage(file, "nothing of it can be read")
	}
}

func plural[N int | int64 | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
