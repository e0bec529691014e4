package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// A token that is revoked while its websocket is open writes no more on it, and the websocket is closed.
func TestRevokedOnAnOpenSocket(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	writer := token(t, tokens, "bob", "write")
	s := start(t, "--ephemeral", "--tokens", tokens)
	socket, _, err := websocket.Dial(t.Context(), strings.Replace(s.url, "http", "ws", 1)+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + writer}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	send := func(text, want string) {
		t.Helper()
		if err := socket.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		for {
			_, got, err := socket.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(got), `"complete"`) {
				continue
			}
			if !strings.Contains(string(got), want) {
				t.Errorf("%s: want %s", got, want)
			}
			return
		}
	}
	document, err := json.Marshal(map[string]string{"query": mutation})
	if err != nil {
		t.Fatal(err)
	}
	send(`{"type":"connection_init"}`, "connection_ack")
	send(`{"type":"subscribe","id":"1","payload":`+string(document)+`}`, `"revision":2`)
	if _, errs, status := command(t, "token", "revoke", "--tokens", tokens, "bob"); status != statusGood {
		t.Fatal(errs)
	}
	if err := socket.Write(t.Context(), websocket.MessageText, []byte(`{"type":"subscribe","id":"2","payload":`+string(document)+`}`)); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = socket.Read(t.Context())
	}
	if got := websocket.CloseStatus(err); got != 4403 {
		t.Errorf("the websocket was closed with %d, %v", got, err)
	}
	if _, data, _, _ := s.ask(t, "", `{ meta { revision } }`); !strings.Contains(data, `"revision":2`) {
		t.Errorf("something was written: %s", data)
	}
}

// A token that is revoked while its subscription is open sees nothing more.
func TestRevokedOnAnOpenStream(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	reader, writer := token(t, tokens, "ann", "read"), token(t, tokens, "bob", "write")
	s := start(t, "--ephemeral", "--tokens", tokens)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(`{"query":"`+subscription+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+reader)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: {") {
	}
	if !strings.Contains(lines.Text(), `"revision":1`) {
		t.Fatalf("the first event is %q, %v", lines.Text(), lines.Err())
	}
	if _, errs, status := command(t, "token", "revoke", "--tokens", tokens, "ann"); status != statusGood {
		t.Fatal(errs)
	}
	if _, _, code, message := s.ask(t, writer, mutation); code != "" {
		t.Fatal(message)
	}
	var rest strings.Builder
	for lines.Scan() { // to the end
		rest.WriteString(lines.Text() + "\n")
	}
	if got := rest.String(); !strings.Contains(got, "UNAUTHENTICATED") || !strings.Contains(got, "event: complete") || strings.Contains(got, `"revision":2`) {
		t.Errorf("after the token was revoked: %s, %v", got, lines.Err())
	}
}
