//go:build linux

package torture

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A cut takes everything that the file system has not yet written to the device: pages, and the end of its journal. What the device
// itself may hold back in a cache is not taken, as a loop device has none.

// Under load, the file system is shut down at a random moment (FS_IOC_GOINGDOWN, without flushing its log), the server killed, the
// device mounted again. A write counts as acknowledged whenever its answer came, also when that was after the cut began: an answer
// says that it is on disk.
func TestPowerCut(t *testing.T) {
	const kind = "power cut, by shutting the file system down"
	needsDevices(t, kind, "ext4")
	trials(t, kind, 1, 50, func(t *trial) {
		d := newDevice(t, "ext4", 600)
		p := newPlace(t, d.dir)
		copySeeded(t, p.data)
		d.sync(t)
		l := newLedger()
		for round := range 1 + t.random.IntN(3) { // the later cuts hit a store that recovers from the one before
			s := p.start(t)
			run := l.write(s, p.write, t.seed+int64(round), 4, []int{0, 20_000, 150_000}[t.random.IntN(3)])
			time.Sleep(t.between(30*time.Millisecond, 1200*time.Millisecond))
			d.cut(t)
			s.kill()
			run.writers.Wait()
			t.count("cuts", 1)
			d.unmount(t)
			d.mount(t)
		}
		p.proven(t, l)
	})
}

// Cut while it starts, which is while it brings in what the log holds; and while it fills a new directory.
func TestPowerCutWhileStarting(t *testing.T) {
	const kind = "power cut while starting"
	needsDevices(t, kind, "ext4")
	trials(t, kind, 0, 20, func(t *trial) {
		d := newDevice(t, "ext4", 600)
		p := newPlace(t, d.dir)
		l := newLedger()
		fresh := t.random.IntN(3) == 0
		if !fresh {
			copySeeded(t, p.data)
			d.sync(t)
			s := p.start(t)
			run := l.write(s, p.write, t.seed, 4, 20_000)
			time.Sleep(t.between(100*time.Millisecond, 600*time.Millisecond))
			s.kill()
			run.writers.Wait()
		}
		for range 2 {
			s := launch(t, "--data", p.data, "--tokens", p.tokens)
			time.Sleep(t.between(0, 400*time.Millisecond))
			d.cut(t)
			s.kill()
			t.count("cuts", 1)
			d.unmount(t)
			d.mount(t)
		}
		p.proven(t, l)
	})
}

// cut takes the power: nothing reaches the device any more.
func (d *device) cut(t *trial) {
	t.Helper()
	const goingDown, withoutFlush = 0x8004587d, 2
	f, err := os.Open(d.dir)
	t.must(err)
	defer f.Close()
	how := uint32(withoutFlush)
	if _, _, number := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), goingDown, uintptr(unsafe.Pointer(&how))); number != 0 {
		t.stop("shut the file system down: %v", number)
	}
}

// A snapshot of the device is what a cut at that moment would leave: the server's threads are stopped, and the image is copied while
// the kernel writes nothing to it. If it does write, the copy is thrown away. The server goes on and knows of nothing.
func TestDeviceSnapshot(t *testing.T) {
	const kind = "power cut, by snapshots of the device"
	needsDevices(t, kind, "ext4")
	trials(t, kind, 1, 10, func(t *trial) {
		d := newDevice(t, "ext4", 600)
		p := newPlace(t, d.dir)
		copySeeded(t, p.data)
		d.sync(t)
		l := newLedger()
		s := p.start(t)
		run := l.write(s, p.write, t.seed, 4, []int{0, 20_000, 150_000}[t.random.IntN(3)])
		type moment struct {
			image string
			acked []write
		}
		var moments []moment
		snapshots := 2
		if settings.long {
			snapshots = 5
		}
		for range snapshots {
			time.Sleep(t.between(50*time.Millisecond, 400*time.Millisecond))
			image := filepath.Join(t.TempDir(), "snapshot")
			t.must(s.cmd.Process.Signal(syscall.SIGSTOP))
			stopped := within(5*time.Second, func() bool { return s.isStopped(t) })
			time.Sleep(20 * time.Millisecond) // answers that have left the server arrive
			acked := l.snapshot()
			whole := false
			for try := 0; stopped && !whole && try < 20; try++ {
				before := d.writes(t)
				sh(t, "cp", "--sparse=always", d.image, image)
				whole = before == d.writes(t) && strings.HasSuffix(before, " 0")
			}
			t.must(s.cmd.Process.Signal(syscall.SIGCONT))
			if !whole {
				t.count("snapshots given up: the kernel wrote meanwhile", 1)
				continue
			}
			t.count("snapshots", 1)
			moments = append(moments, moment{image, acked})
		}
		run.stop()
		s.stop(t)
		checked(t, p.data)
		d.unmount(t)
		for _, m := range moments {
			past := &ledger{acked: m.acked, maybe: map[string]write{}}
			for _, w := range l.acked { // what was under way then
				past.maybe[w.tag] = w
			}
			snapshot := &device{kind: "ext4", dir: d.dir, image: m.image}
			snapshot.mount(t)
			p.proven(t, past)
			snapshot.unmount(t)
		}
	})
}

func (l *ledger) snapshot() []write {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]write(nil), l.acked...)
}

// isStopped tells whether all threads of the process are stopped: one that syncs stops when that is done.
func (s *server) isStopped(t *trial) bool {
	stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", s.cmd.Process.Pid))
	t.must(err)
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(b), ") T ") {
			return false
		}
	}
	return len(stats) > 0
}

// writes is how many writes the device has seen, and how many are under way.
func (d *device) writes(t *trial) string {
	t.Helper()
	var st syscall.Stat_t
	t.must(syscall.Stat(d.dir, &st))
	major, minor := st.Dev>>8&0xfff, st.Dev&0xff|st.Dev>>12&0xfff00
	b, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/stat", major, minor))
	t.must(err)
	f := strings.Fields(string(b))
	if len(f) < 9 {
		t.stop("the device counts no writes: %s", b)
	}
	return f[4] + " " + f[8]
}
