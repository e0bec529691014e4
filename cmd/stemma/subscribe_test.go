package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// outcome tells from the text of an answer whether that was allowed.
func outcome(text string) string {
	for _, code := range []string{"UNAUTHENTICATED", "FORBIDDEN", "READ_ONLY", "INTERNAL"} {
		if strings.Contains(text, code) {
			return code
		}
	}
	if strings.Contains(text, `"data":{"changes":{`) {
		return "ok"
	}
	return text
}

// events subscribes by server-sent events, and returns what the first says.
func (s *running) events(t *testing.T, secret, document string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b := make([]byte, 4096)
	text := ""
	for !strings.Contains(text, "data: {") && !strings.HasPrefix(text, "{") {
		n, err := resp.Body.Read(b)
		text += string(b[:n])
		if err != nil {
			break
		}
	}
	return outcome(text)
}

// socket subscribes by websocket, and returns what the first message about it says.
func (s *running) socket(t *testing.T, secret, document string) string {
	t.Helper()
	o := &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{}}
	if secret != "" {
		o.HTTPHeader.Set("Authorization", "Bearer "+secret)
	}
	conn, resp, err := websocket.Dial(t.Context(), strings.Replace(s.url, "http", "ws", 1)+"/graphql", o)
	if err != nil {
		if resp != nil && resp.StatusCode == http.StatusUnauthorized {
			return "UNAUTHENTICATED"
		}
		t.Fatal(err)
	}
	defer conn.CloseNow()
	payload, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, message := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":` + string(payload) + `}`} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		_, b, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text = string(b)
	}
	return outcome(text)
}
