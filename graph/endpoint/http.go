package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// serveHTTP answers a POST or a GET.
func (e *Endpoint) serveHTTP(w http.ResponseWriter, r *http.Request) {
	accept := negotiate(r.Header.Values("Accept"))
	if accept.media == "" {
		e.fail(w, r, http.StatusNotAcceptable, Errorf(CodeBadRequest, "answers are %s, %s or, as a stream, %s, in utf-8", mediaResponse, mediaJSON, mediaEvents))
		return
	}
	if !e.anyOrigin {
		if err := e.crossSite.Check(r); err != nil {
			e.fail(w, r, http.StatusForbidden, Errorf(CodeForbidden, "a page of another origin may not write here; the server's operator can allow its origin"))
			return
		}
	}
	ctx, payer, err := e.admit(r)
	if err != nil {
		e.fail(w, r, 0, err)
		return
	}
	requests, batch, status, err := e.read(w, r)
	if err != nil {
		e.fail(w, r, status, err)
		return
	}
	for i, rq := range requests {
		rq.payer, rq.paid, rq.header, rq.transport, rq.received = payer, i == 0, r.Header, "http", time.Now()
	}
	if batch {
		e.serveBatch(ctx, w, r, requests, accept)
		return
	}
	rq := requests[0]
	op, errs := e.prepare(ctx, rq)
	switch {
	case len(errs) > 0 && accept.media == mediaEvents && statusOf(errs, true) == http.StatusOK:
		// A client that asked for events is told of mistakes in its document by an event.
		e.serveEvents(ctx, w, r, rq, nil, errs)
	case len(errs) > 0:
		e.observed(ctx, rq, nil, errs)
		e.answer(w, r, accept.media, refusal(errs...))
	case r.Method == http.MethodGet && op.kind() == ast.Mutation:
		e.observed(ctx, rq, op, gqlerror.List{Errorf(CodeBadRequest, "mutation by GET")})
		w.Header().Set("Allow", "POST")
		e.fail(w, r, http.StatusMethodNotAllowed, Errorf(CodeBadRequest, "GET never writes: send mutations by POST"))
	case accept.media == mediaEvents, op.kind() == ast.Subscription && accept.events:
		e.serveEvents(ctx, w, r, rq, op, nil)
	case op.kind() == ast.Subscription:
		e.observed(ctx, rq, op, gqlerror.List{Errorf(CodeBadRequest, "subscription without a stream")})
		e.fail(w, r, http.StatusBadRequest, Errorf(CodeBadRequest, "a subscription is answered as a stream: send Accept: %s, or open a websocket with the protocol %s", mediaEvents, subprotocol))
	default:
		resp, release := e.run(ctx, op)
		release = sync.OnceFunc(release)
		defer release()
		if len(resp.Data) <= chunk {
			release() // only an answer that takes much memory holds its slot while the client takes it
		}
		e.observed(ctx, rq, op, resp.Errors)
		e.answer(w, r, accept.media, resp)
	}
}

// serveBatch answers several operations in one array. Their costs count together; they run one after another.
func (e *Endpoint) serveBatch(ctx context.Context, w http.ResponseWriter, r *http.Request, requests []*request, accept accepted) {
	ctx, cancel := context.WithTimeout(ctx, e.limits.Timeout)
	defer cancel()
	if accept.media == mediaEvents {
		accept.media = mediaResponse
	}
	body := bytes.NewBufferString("[")
	cost := 0
	for i, rq := range requests {
		if i > 0 {
			body.WriteByte(',')
		}
		op, errs := e.prepare(ctx, rq)
		if op != nil {
			cost += op.cost
			switch {
			case op.kind() == ast.Subscription:
				errs = gqlerror.List{Errorf(CodeBadRequest, "a subscription can't be part of a batch")}
			case cost > e.limits.MaxCost:
				errs = gqlerror.List{tooCostly(cost, e.limits.MaxCost, op.Operation.Position)}
			}
		}
		resp, release := refusal(errs...), func() {}
		if len(errs) == 0 {
			resp, release = e.run(ctx, op)
		}
		e.observed(ctx, rq, op, resp.Errors)
		encode(body, resp)
		release()
	}
	body.WriteByte(']')
	e.send(w, r, http.StatusOK, accept.media, body.Bytes())
}

// read takes the requests out of an HTTP request. status is that of the error.
func (e *Endpoint) read(w http.ResponseWriter, r *http.Request) (list []*request, batch bool, status int, err *gqlerror.Error) {
	if r.Method == http.MethodGet {
		q := r.URL.Query()
		rq := &request{query: q.Get("query"), documentID: q.Get("documentId"), operationName: q.Get("operationName")}
		if !utf8.ValidString(rq.query) || !utf8.ValidString(rq.documentID) || !utf8.ValidString(rq.operationName) {
			return nil, false, http.StatusBadRequest, Errorf(CodeBadRequest, "the parameters are not UTF-8")
		}
		for name, into := range map[string]*map[string]any{"variables": &rq.variables, "extensions": &rq.extensions} {
			text := q.Get(name)
			if text == "" {
				continue
			}
			if err := e.decode([]byte(text), into); err != nil {
				return nil, false, http.StatusBadRequest, Errorf(CodeBadRequest, "the parameter %s must be a JSON object: %s", name, err)
			}
		}
		return []*request{rq}, false, 0, nil
	}
	if media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != mediaJSON || !isUTF8(params["charset"]) {
		return nil, false, http.StatusUnsupportedMediaType, Errorf(CodeBadRequest, "send the request as Content-Type: %s, in utf-8", mediaJSON)
	}
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, false, http.StatusUnsupportedMediaType, Errorf(CodeBadRequest, "send the request without Content-Encoding")
	}
	body, status, err := e.readBody(w, r)
	if err != nil {
		return nil, false, status, err
	}
	list, batch, err = e.parseBody(body)
	return list, batch, 0, err
}

// tooLong refuses a body. What the client said of its length, if it did, may be less than it has sent.
func tooLong(length, limit int64) *gqlerror.Error {
	err := Errorf(CodeTooLarge, "the body has more than %d bytes: put values into variables once, split the request, or name the document by its hash", limit)
	err.Extensions["limit"] = limit
	if length > limit {
		err.Extensions["value"] = length
	}
	return err
}

func (e *Endpoint) readBody(w http.ResponseWriter, r *http.Request) ([]byte, int, *gqlerror.Error) {
	rc := http.NewResponseController(w)
	// Not every ResponseWriter has deadlines; the server's own timeouts hold then.
	_ = rc.SetReadDeadline(time.Now().Add(e.limits.BodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, e.limits.MaxBodyBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		// Without a deadline again the server notices when the client leaves, and not when the time is over. With a body that is not
		// read to its end the deadline stays: net/http reads on before it closes the connection, and would wait for ever.
		_ = rc.SetReadDeadline(time.Time{})
		return body, 0, nil
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge, tooLong(r.ContentLength, e.limits.MaxBodyBytes)
	default:
		w.Header().Set("Connection", "close")
		return nil, http.StatusRequestTimeout, Errorf(CodeBadRequest, "the body did not arrive whole within %v", e.limits.BodyTimeout)
	}
}

// byteOrderMark begins the texts of some editors and shells, and may not begin JSON.
var byteOrderMark = []byte("\ufeff")

// parseBody reads one request, or an array of them.
func (e *Endpoint) parseBody(body []byte) (list []*request, batch bool, err *gqlerror.Error) {
	if bytes.HasPrefix(body, byteOrderMark) {
		return nil, false, Errorf(CodeBadRequest, "the body begins with a byte order mark, which JSON does not allow: send it without")
	}
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) > 0 && body[0] == '[' {
		if e.limits.MaxBatch < 0 {
			return nil, false, Errorf(CodeBadRequest, "this server answers one operation at a time: send an object, not an array")
		}
		var raw []json.RawMessage
		if cause := e.decode(body, &raw); cause != nil {
			return nil, false, Errorf(CodeBadRequest, "the body can't be read as JSON: %s", cause)
		}
		if len(raw) == 0 || len(raw) > e.limits.MaxBatch {
			return nil, false, Errorf(CodeBadRequest, "a batch of %d operations: between 1 and %d are answered", len(raw), e.limits.MaxBatch)
		}
		for _, one := range raw {
			rq, err := e.parseRequest(one)
			if err != nil {
				return nil, false, err
			}
			list = append(list, rq)
		}
		return list, true, nil
	}
	rq, err := e.parseRequest(body)
	if err != nil {
		return nil, false, err
	}
	return []*request{rq}, false, nil
}

// parseRequest reads the parameters of the specification and of its appendix on persisted documents, and ignores others.
func (e *Endpoint) parseRequest(body []byte) (*request, *gqlerror.Error) {
	if body = bytes.TrimSpace(body); len(body) == 0 {
		return nil, Errorf(CodeBadRequest, "the body is empty: send a JSON object with a query")
	}
	if body[0] != '{' {
		return nil, Errorf(CodeBadRequest, "the request must be a JSON object with a query")
	}
	var p struct {
		Query         *string        `json:"query"`
		DocumentID    *string        `json:"documentId"`
		OperationName *string        `json:"operationName"`
		Variables     map[string]any `json:"variables"`
		Extensions    map[string]any `json:"extensions"`
	}
	if cause := e.decode(body, &p); cause != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(cause, &wrong) {
			return nil, Errorf(CodeBadRequest, "the parameter %s is of the wrong type: query, documentId and operationName are strings, variables and extensions objects", cut(wrong.Field, maxName))
		}
		return nil, Errorf(CodeBadRequest, "the body can't be read as JSON: %s", cause)
	}
	rq := &request{variables: p.Variables, extensions: p.Extensions}
	if p.Query != nil {
		rq.query = *p.Query
	}
	if p.DocumentID != nil {
		rq.documentID = *p.DocumentID
	}
	if p.OperationName != nil {
		rq.operationName = *p.OperationName
	}
	return rq, nil
}

// decode reads one JSON value of bounded size. Its errors say where, and quote nothing.
func (e *Endpoint) decode(text []byte, into any) error {
	if !utf8.Valid(text) {
		return errors.New("it is not UTF-8")
	}
	if n := countValues(text); n > e.limits.MaxBodyValues {
		return errors.New("it has more than " + strconv.Itoa(e.limits.MaxBodyValues) + " values")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // a large id keeps its digits
	err := d.Decode(into)
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return err
	case errors.As(err, &syntax):
		return errors.New("mistake at byte " + strconv.FormatInt(syntax.Offset, 10))
	case err != nil:
		return errors.New("it ends too early")
	}
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		return errors.New("there is more after its end")
	}
	return nil
}

// countValues counts what makes JSON large in memory: openings, commas and colons outside of strings.
func countValues(text []byte) int {
	n, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == ':' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}
