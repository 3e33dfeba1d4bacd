package main

import (
	"container/list"
	"sync"
)

const capacity = 1000

// staleAnswers are the last good answers by path and query. The ones refreshed longest ago go first, so that memory
// stays bounded.
type staleAnswers struct {
	mu       sync.Mutex
	byTarget map[string]*list.Element
	order    *list.List // of remembered, the latest in front
}

type remembered struct {
	target string
	answer answer
}

func newStaleAnswers() *staleAnswers {
	return &staleAnswers{byTarget: make(map[string]*list.Element), order: list.New()}
}

func (s *staleAnswers) get(target string) (answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	element, ok := s.byTarget[target]
	if !ok {
		return answer{}, false
	}
	return element.Value.(remembered).answer, true
}

func (s *staleAnswers) remember(target string, good answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.byTarget[target]; ok {
		s.order.Remove(old)
	}
	s.byTarget[target] = s.order.PushFront(remembered{target, good})
	if s.order.Len() > capacity {
		oldest := s.order.Remove(s.order.Back()).(remembered)
		delete(s.byTarget, oldest.target)
	}
}
