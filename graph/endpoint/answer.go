package endpoint

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/klauspost/compress/gzip"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	mediaResponse = "application/graphql-response+json"
	mediaJSON     = "application/json"
	mediaEvents   = "text/event-stream"
)

// accepted is what a client wants the answer to be.
type accepted struct {
	media  string // the best of ours; "" if there is none
	events bool   // event streams are among what it takes
}

// negotiate chooses by quality, then by the client's order.
func negotiate(headers []string) accepted {
	list := strings.Join(headers, ",")
	if strings.TrimSpace(list) == "" {
		return accepted{media: mediaJSON}
	}
	var a accepted
	best := 0.0
	for _, part := range strings.Split(list, ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil || !isUTF8(params["charset"]) {
			continue
		}
		quality := 1.0
		if q, ok := params["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		switch media {
		case mediaResponse, mediaJSON:
		case mediaEvents:
			a.events = a.events || quality > 0
		case "*/*", "application/*":
			media = mediaJSON // what clients expect that don't say
		case "text/*":
			media = mediaEvents
		default:
			continue
		}
		if quality > best {
			a.media, best = media, quality
		}
	}
	return a
}

func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// fail answers with an error that is no GraphQL response of the executor; status 0 is the error's own.
func (e *Endpoint) fail(w http.ResponseWriter, r *http.Request, status int, err *gqlerror.Error) {
	media := negotiate(r.Header.Values("Accept")).media
	if media != mediaResponse {
		media = mediaJSON
	}
	retryAfter(w.Header(), err)
	if status == 0 {
		status = statusOf(gqlerror.List{err}, media == mediaJSON)
	}
	var b bytes.Buffer
	encode(&b, refusal(err))
	e.send(w, r, status, media, b.Bytes())
}

// answer sends a response with the status that its media type asks for.
func (e *Endpoint) answer(w http.ResponseWriter, r *http.Request, media string, resp *graphql.Response) {
	if media == mediaEvents {
		media = mediaJSON
	}
	status := http.StatusOK
	if resp.Data == nil {
		status = statusOf(resp.Errors, media == mediaJSON)
		retryAfter(w.Header(), resp.Errors...)
	}
	var b bytes.Buffer
	b.Grow(len(resp.Data) + 256)
	encode(&b, resp)
	e.send(w, r, status, media, b.Bytes())
}

// chunk is how much of an answer a client must take within WriteTimeout.
const chunk = 256 << 10

func (e *Endpoint) send(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", media+"; charset=utf-8")
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="GraphQL"`)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	if compressible(r, len(body)) {
		body = compress(body)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	rc := http.NewResponseController(w)
	defer func() {
		_ = rc.Flush() // while there is a deadline: what is left in a buffer may block as well
		_ = rc.SetWriteDeadline(time.Time{})
	}()
	for len(body) > 0 && r.Context().Err() == nil {
		part := body[:min(chunk, len(body))]
		// Not every ResponseWriter has deadlines; the server's own timeouts hold then.
		_ = rc.SetWriteDeadline(time.Now().Add(e.limits.WriteTimeout))
		if _, err := w.Write(part); err != nil {
			return
		}
		body = body[len(part):]
	}
}

// retryAfter says in a header what an error says in words.
func retryAfter(h http.Header, errs ...*gqlerror.Error) {
	if len(errs) == 0 {
		return
	}
	if seconds, ok := errs[0].Extensions["retryAfter"].(int); ok {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
}

// minCompressed is the length of the shortest answer that is compressed. A shorter one fits in one packet as it is.
const minCompressed = 1 << 10

// compressible tells whether the answer to r, of so many bytes, may be compressed. An answer to someone who showed a secret
// holds what only they may see, beside what a page they visit may have asked for: its compressed length gives both away (BREACH).
func compressible(r *http.Request, length int) bool {
	if length < minCompressed || r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" || r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		return false
	}
	for _, part := range strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		if name = strings.TrimSpace(name); !strings.EqualFold(name, "gzip") {
			continue
		}
		q, given := strings.CutPrefix(strings.TrimSpace(params), "q=")
		quality, err := strconv.ParseFloat(q, 64)
		return !given || err == nil && quality > 0
	}
	return false
}

// compressors are gzip writers; each has some hundred kilobytes of tables.
var compressors = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one that exists
	}
	return w
}}

func compress(body []byte) []byte {
	w, _ := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	var b bytes.Buffer
	b.Grow(len(body) / 4)
	w.Reset(&b)
	_, _ = w.Write(body) // to memory, which never fails
	_ = w.Close()
	return b.Bytes()
}
