package bench

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"time"
)

// gauges read processor time and memory from /proc; elsewhere they read nothing and report zero.
type gauges struct {
	server    int
	self, db  float64
	rss       float64
	quit, end chan struct{}
}

func startGauges(server int) *gauges {
	g := &gauges{server: server, self: cpu(os.Getpid()), db: family(server), quit: make(chan struct{}), end: make(chan struct{})}
	go g.watch()
	return g
}

func (g *gauges) watch() {
	defer close(g.end)
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		g.rss = max(g.rss, resident())
		select {
		case <-g.quit:
			return
		case <-t.C:
		}
	}
}

func (g *gauges) stop(r *Report, n int) {
	close(g.quit)
	<-g.end
	per := 1000 / float64(n)
	r.CPUPer1k, r.DBCPUPer1k, r.RSS = (cpu(os.Getpid())-g.self)*per, (family(g.server)-g.db)*per, g.rss
}

// ticks a second: USER_HZ is 100 on every Linux that Go runs on.
const ticks = 100

// cpu is the processor time of a process in seconds, children that ended included.
func cpu(pid int) float64 {
	f := stat(pid)
	if len(f) < 15 {
		return 0
	}
	var sum float64
	for _, s := range f[11:15] {
		n, _ := strconv.ParseFloat(s, 64)
		sum += n
	}
	return sum / ticks
}

// stat are the fields of /proc/pid/stat from the third on.
func stat(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

// family is the processor time of a process and of its children.
func family(pid int) float64 {
	if pid == 0 {
		return 0
	}
	sum := cpu(pid)
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		child, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		if f := stat(child); len(f) > 1 && f[1] == strconv.Itoa(pid) {
			sum += cpu(child)
		}
	}
	return sum
}

// resident is this process's memory in megabytes.
func resident() float64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(f[1], 64)
	return pages * float64(os.Getpagesize()) / (1 << 20)
}

// milestones note when each tenth of the receipts was durable.
type milestones struct {
	total int64
	began time.Time
	at    [11]time.Time
	last  time.Time
}

func newMilestones(total int64) *milestones {
	now := time.Now()
	m := &milestones{total: total, began: now, last: now}
	m.at[0] = now
	return m
}

func (m *milestones) note(done int64) {
	m.last = time.Now()
	for k := 1; k <= 10; k++ {
		if m.at[k].IsZero() && done >= m.total*int64(k)/10 {
			m.at[k] = m.last
		}
	}
}

func (m *milestones) elapsed() time.Duration { return m.last.Sub(m.began) }

// tenths are the rates of the second and the last tenth: the first one holds the warming up.
func (m *milestones) tenths() (first, last float64) {
	rate := func(a, b time.Time) float64 {
		if a.IsZero() || b.IsZero() || !b.After(a) {
			return 0
		}
		return float64(m.total) / 10 / b.Sub(a).Seconds()
	}
	return rate(m.at[1], m.at[2]), rate(m.at[9], m.at[10])
}
