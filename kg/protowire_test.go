package kg_test

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// A wire writes and reads a Go struct in protobuf's wire format, without a .proto file: field numbers are the keys of the
// cbor tags. As in the run time of protobuf's generated code, a table made once per type says for every field where it lies and
// how it is read. It stands in the comparison of codecs for what protobuf could do here at best.
type wire struct {
	fields []wireField
	byNum  [128]int // index into fields, plus one
}

type wireField struct {
	num    protowire.Number
	offset uintptr
	append func(b []byte, num protowire.Number, p unsafe.Pointer) []byte
	read   func(b []byte, p unsafe.Pointer) int // behind the tag; negative when malformed
}

var wires = map[reflect.Type]*wire{}

func wireOf(t reflect.Type) *wire {
	if w := wires[t]; w != nil {
		return w
	}
	w := &wire{}
	wires[t] = w
	w.add(t, 0)
	for i, f := range w.fields {
		w.byNum[f.num] = i + 1
	}
	return w
}

func (w *wire) add(t reflect.Type, base uintptr) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			w.add(f.Type, base+f.Offset)
			continue
		}
		key, _, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		num, err := strconv.Atoi(key)
		if err != nil {
			panic(fmt.Sprintf("%s.%s has no number", t, f.Name))
		}
		wf := wireKind(f.Type)
		wf.num, wf.offset = protowire.Number(num), base+f.Offset
		w.fields = append(w.fields, wf)
	}
}

func (w *wire) append(b []byte, p unsafe.Pointer) []byte {
	for i := range w.fields {
		f := &w.fields[i]
		b = f.append(b, f.num, unsafe.Add(p, f.offset))
	}
	return b
}

func (w *wire) read(b []byte, p unsafe.Pointer) bool {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 || num >= protowire.Number(len(w.byNum)) {
			return false
		}
		b = b[n:]
		if i := w.byNum[num]; i > 0 {
			f := &w.fields[i-1]
			n = f.read(b, unsafe.Add(p, f.offset))
		} else {
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return false
		}
		b = b[n:]
	}
	return true
}

// wireKind returns how a field of the type is written and read. Empty values are not written, as in proto3.
func wireKind(t reflect.Type) wireField {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64((*time.Time)(p).Unix()))
			},
			read: func(b []byte, p unsafe.Pointer) int {
				v, n := protowire.ConsumeVarint(b)
				*(*time.Time)(p) = time.Unix(int64(v), 0).UTC()
				return n
			},
		}
	case t.Kind() == reflect.Struct:
		w := wireOf(t)
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				b = append(protowire.AppendTag(b, num, protowire.BytesType), 0)
				start := len(b)
				b = w.append(b, p)
				size := len(b) - start
				if extra := protowire.SizeVarint(uint64(size)) - 1; extra > 0 {
					b = append(b, make([]byte, extra)...)
					copy(b[start+extra:], b[start:start+size])
				}
				protowire.AppendVarint(b[:start-1], uint64(size))
				return b
			},
			read: func(b []byte, p unsafe.Pointer) int {
				v, n := protowire.ConsumeBytes(b)
				if n < 0 || !w.read(v, p) {
					return -1
				}
				return n
			},
		}
	case t.Kind() == reflect.Pointer:
		elem, e := t.Elem(), wireKind(t.Elem())
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				q := *(*unsafe.Pointer)(p)
				if q == nil {
					return b
				}
				return forced(elem, e, b, num, q)
			},
			read: func(b []byte, p unsafe.Pointer) int {
				q := reflect.New(elem).UnsafePointer()
				*(*unsafe.Pointer)(p) = q
				return e.read(b, q)
			},
		}
	case t.Kind() == reflect.Slice:
		elem, e := t.Elem(), wireKind(t.Elem())
		size := elem.Size()
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				s := *(*[]struct{})(p) // the header alone
				first := unsafe.Pointer(unsafe.SliceData(s))
				for i := range len(s) {
					b = forced(elem, e, b, num, unsafe.Add(first, uintptr(i)*size))
				}
				return b
			},
			read: func(b []byte, p unsafe.Pointer) int {
				v := reflect.NewAt(t, p).Elem()
				n := v.Len()
				v.Grow(1)
				v.SetLen(n + 1)
				return e.read(b, v.Index(n).Addr().UnsafePointer())
			},
		}
	}
	return wireScalar(t.Kind())
}

// forced writes a value that is there even when it is zero: an element, or what a pointer points to.
func forced(t reflect.Type, f wireField, b []byte, num protowire.Number, p unsafe.Pointer) []byte {
	before := len(b)
	if b = f.append(b, num, p); len(b) > before {
		return b
	}
	switch t.Kind() {
	case reflect.String:
		return append(protowire.AppendTag(b, num, protowire.BytesType), 0)
	case reflect.Float64:
		return protowire.AppendFixed64(protowire.AppendTag(b, num, protowire.Fixed64Type), 0)
	}
	return append(protowire.AppendTag(b, num, protowire.VarintType), 0)
}

func wireScalar(k reflect.Kind) wireField {
	switch k {
	case reflect.String:
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				if s := *(*string)(p); s != "" {
					b = protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
				}
				return b
			},
			read: func(b []byte, p unsafe.Pointer) int {
				s, n := protowire.ConsumeString(b)
				*(*string)(p) = s
				return n
			},
		}
	case reflect.Bool:
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				if *(*bool)(p) {
					b = append(protowire.AppendTag(b, num, protowire.VarintType), 1)
				}
				return b
			},
			read: func(b []byte, p unsafe.Pointer) int {
				v, n := protowire.ConsumeVarint(b)
				*(*bool)(p) = v != 0
				return n
			},
		}
	case reflect.Int:
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				if i := *(*int)(p); i != 0 {
					b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(i))
				}
				return b
			},
			read: func(b []byte, p unsafe.Pointer) int {
				v, n := protowire.ConsumeVarint(b)
				*(*int)(p) = int(v)
				return n
			},
		}
	case reflect.Float64:
		return wireField{
			append: func(b []byte, num protowire.Number, p unsafe.Pointer) []byte {
				if f := *(*float64)(p); f != 0 {
					b = protowire.AppendFixed64(protowire.AppendTag(b, num, protowire.Fixed64Type), math.Float64bits(f))
				}
				return b
			},
			read: func(b []byte, p unsafe.Pointer) int {
				v, n := protowire.ConsumeFixed64(b)
				*(*float64)(p) = math.Float64frombits(v)
				return n
			},
		}
	}
	panic("no wire form of " + k.String())
}
