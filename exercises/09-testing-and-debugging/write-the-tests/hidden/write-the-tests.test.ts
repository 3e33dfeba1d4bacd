import { step, test } from 'learn-backend/kit'
import { accepts, luck, notices } from './judge.ts'

step('first-catch', () => {
  test('passes with the cache that it was written for', async ({ suite }) => {
    await accepts(
      suite,
      'as-given',
      'A test fails with the right cache: it expects something that README.md does not say.',
    )
  })

  test('notices a cache that forgets everything', async ({ suite }) => {
    await notices(suite, 'Reading and writing', {
      'forgets-everything': 'get returns the value that was set last for this key.',
    })
  })
})

step('same-verdict', () => {
  test('passes again, and with a second run beside it', async ({ suite }) => {
    await accepts(suite, 'as-given', luck, 2)
  })

  test('does not look at the clock of the machine', async ({ suite }) => {
    await accepts(
      suite,
      'jumping-clock',
      'The suite fails with a right cache when the clock of the machine jumps. Pass a `now` that returns a time of yours.',
    )
  })

  test('does not depend on the speed of the machine', async ({ suite }) => {
    await accepts(
      suite,
      'slow-machine',
      'The suite fails with a right cache on a slow machine: it guesses how long something takes. ' +
        'Let loaders wait for something that the test does (resolve a promise, send to a channel), not for timers.',
    )
  })
})

step('reading-and-writing', () => {
  const section = 'Reading and writing'

  test('notices that a second set of a key goes wrong', async ({ suite }) => {
    await notices(suite, section, {
      'first-set-wins': 'get returns the value that was set last for this key.',
      'size-counts-sets': 'a key that is set twice is one entry: size is 1.',
    })
  })

  test('notices that some strings do not work as keys', async ({ suite }) => {
    await notices(suite, section, {
      'inherited-keys': {
        otherwise: "every string is a key, 'constructor' too: before it is set, get returns undefined.",
        python: "every string is a key, '__class__' too: before it is set, get returns None.",
      },
      'empty-key': "every string is a key, '' too.",
    })
  })

  test('notices that some values do not come back as they were', async ({ suite }) => {
    await notices(suite, section, {
      'falsy-is-nothing': {
        otherwise: "null, 0, '' and false can be stored, and get returns them.",
        python: "None, 0, '' and False can be stored: get returns them, len counts them, and delete finds them.",
        go: 'zero values can be stored: Get returns them, and true.',
        java: 'null can be stored: size counts it, and delete returns true.',
      },
      'copies-values': 'the cache gives back the very same value, never a copy.',
    })
  })

  test('notices that delete does not do what it says', async ({ suite }) => {
    await notices(suite, section, {
      'delete-does-nothing': 'delete removes the entry: get returns undefined afterwards.',
      'delete-says-false': 'delete returns true if there was an entry.',
    })
  })
})

step('expiry', () => {
  const section = 'Expiry'

  test('notices that the end of a life is a millisecond off, on either side', async ({ suite }) => {
    await notices(suite, section, {
      'alive-at-the-end': 'from t + ttl on an entry is not there: at the very time t + ttl it is gone.',
      'dies-a-moment-early': 'an entry is there at every time before t + ttl: even a millisecond before.',
    })
  })

  test('notices that reading prolongs a life, and that setting again does not', async ({ suite }) => {
    await notices(suite, section, {
      'reading-prolongs': 'reading does not prolong a life.',
      'setting-keeps-the-old-life': 'setting a key again gives it a new life.',
    })
  })

  test('notices that the ttl of one entry is not obeyed', async ({ suite }) => {
    await notices(suite, section, {
      'own-ttl-only-shortens': 'the ttl of one entry can be longer than that of the cache.',
      'own-ttl-only-prolongs': 'the ttl of one entry can be shorter than that of the cache.',
    })
  })

  test('notices that the ttl of one entry has an effect on others', async ({ suite }) => {
    await notices(suite, section, {
      'own-ttl-for-all':
        'other entries are not affected by the ttl of one entry, whether they are set before or after it.',
      'own-ttl-stays-with-the-key': 'when the same key is set again without a ttl, it has that of the cache.',
    })
  })

  test('notices that an expired entry still counts', async ({ suite }) => {
    await notices(suite, section, {
      'delete-finds-expired': 'delete returns false for an expired entry, also when nothing else was asked before.',
      'tidies-up-to-the-first': 'size leaves out an expired entry, also when an older one is still alive.',
    })
  })
})

step('capacity', () => {
  const section = 'Capacity'

  test('notices that the cache holds one entry too many or too few', async ({ suite }) => {
    await notices(suite, section, {
      'holds-one-more': 'a cache holds up to `capacity` entries, and no more.',
      'holds-one-less': 'a cache holds up to `capacity` entries, and no fewer: when that is more than one, too.',
    })
  })

  test('notices that more goes than has to', async ({ suite }) => {
    await notices(suite, section, {
      'evicts-everything': 'when a new key would be one too many, one entry goes, and only that one.',
      'evicts-on-overwrite': 'setting a key that is there evicts nothing, whichever key of a full cache it is.',
    })
  })

  test('notices that the wrong entry goes', async ({ suite }) => {
    await notices(suite, section, {
      'get-is-no-use': 'an entry is used when get finds it.',
      'set-is-no-use': 'an entry is used when it is set, also when it is set again.',
    })
  })

  test('notices that an expired entry takes up room', async ({ suite }) => {
    await notices(suite, section, {
      'expired-takes-room':
        'as long as there is an expired entry, no other has to go for a new key, however old it is.',
    })
  })
})

step('loading', () => {
  const section = 'Loading'

  test('notices that load does not find what is there', async ({ suite }) => {
    await notices(suite, section, {
      'load-mistrusts-falsy': {
        otherwise: 'if the key is there, the loader is not called, also if the value is null or 0.',
        go: 'if the key is there, the loader is not called, also if the value is a zero value.',
      },
      'load-is-no-use': 'an entry is used when load finds it (see Capacity).',
    })
  })

  test('notices that a loaded value is not stored like one that was set', async ({ suite }) => {
    await notices(suite, section, {
      'load-ignores-capacity': 'a loaded value is stored as by set(key, value): in a full cache another entry goes.',
      'life-begins-with-the-load': 'it is stored when the loader is done, not when it began: its life begins then.',
    })
  })

  test('notices that an error gets lost or changed', async ({ suite }) => {
    await notices(suite, section, {
      'failure-is-wrapped': 'load rejects with that same error, not with another one.',
      'load-throws': 'if the loader throws, load rejects; load itself never throws.',
    })
  })

  test('notices that a loader is not called when it should be, or without its key', async ({ suite }) => {
    await notices(suite, section, {
      'failure-is-remembered': 'after a failure, the next load calls its own loader.',
      'loader-gets-no-key': 'load calls loader(key).',
    })
  })
})

step('loads-at-once', () => {
  const section = 'Loads at the same time'

  test('notices that several loads of a key do not share one call and its end', async ({ suite }) => {
    await notices(suite, section, {
      'every-load-calls': 'while a key is loaded, further loads of this key call no loader.',
      'joined-load-gets-no-error': 'further loads settle like the first one: they reject with the same error.',
    })
  })

  test('notices that a load has effects before it is done', async ({ suite }) => {
    await notices(suite, section, {
      'promise-is-an-entry': 'until the loader is done, get returns undefined and size leaves the key out.',
      'one-load-for-all-keys': 'different keys never wait for one another.',
    })
  })

  test('notices that a load undoes what was done in the meantime', async ({ suite }) => {
    await notices(suite, section, {
      'late-value-overwrites-set': 'set in the meantime wins: the value of the load is not stored.',
      'late-value-undoes-delete': 'delete in the meantime wins: the value of the load is not stored.',
    })
  })

  test('notices that a load that lost ends in the wrong way', async ({ suite }) => {
    await notices(suite, section, {
      'overtaken-load-rejects': 'after a set or delete in the meantime, the value still goes to those who wait for it.',
      'late-failure-removes':
        'after a set in the meantime the load has no effect on the cache: not when it fails either.',
    })
  })

  test('notices that an old load gets in the way of a new one', async ({ suite }) => {
    await notices(suite, section, {
      'joins-the-overtaken-load': 'after a delete in the meantime, a later load starts a new load.',
      'old-load-ends-the-new':
        'when the old load has ended, further loads still join the new one, and its value is stored.',
    })
  })
})

step('wrong-arguments', () => {
  const section = 'Wrong arguments'

  test('notices that zero is accepted', async ({ suite }) => {
    await notices(suite, section, {
      'capacity-zero': 'createCache throws if `capacity` is 0.',
      'ttl-zero': 'createCache and set throw if the ttl is 0.',
    })
  })

  test('notices that special numbers are accepted', async ({ suite }) => {
    await notices(suite, section, {
      'capacity-fraction': 'createCache throws if `capacity` is not a whole number, also if it is greater than 1.',
      'ttl-nan': 'createCache and set throw if the ttl is NaN.',
      'capacity-negative': {
        otherwise: 'the constructor throws if `capacity` is negative.',
        go: 'New returns an error if Capacity is negative.',
      },
      'ttl-negative': {
        otherwise: 'the constructor and set throw if the ttl is negative.',
        go: 'New and SetTTL return an error if the TTL is negative.',
      },
    })
  })

  test('notices that a right ttl is refused', async ({ suite }) => {
    await notices(suite, section, { 'ttl-infinity-is-refused': 'Infinity is a ttl.' })
  })

  test('notices that the wrong error comes, or comes too late', async ({ suite }) => {
    await notices(suite, section, {
      'another-error': 'createCache and set throw a RangeError.',
      'checks-too-late': 'set throws for a wrong ttl, and changes nothing: what was there stays.',
    })
  })
})

step('independence', () => {
  const section = 'Independence'

  test('notices that caches share something', async ({ suite }) => {
    await notices(suite, section, {
      'shared-loads': 'caches share no loads: the same key can be loaded in two caches at the same time.',
      'shared-clock': 'caches share no clock: time can pass in one and stand still in another.',
    })
  })

  test('notices that changed options change the cache', async ({ suite }) => {
    await notices(suite, section, {
      'options-are-not-read':
        'the options are read when the cache is made. Changing the object afterwards changes nothing.',
      'shared-options': 'caches share no options: a further cache changes nothing in those that are there.',
    })
  })
})

step('only-the-spec', () => {
  const why =
    'A test fails with a cache that keeps every promise, but is built differently: the test expects something that is left open.'

  test('passes with a right cache that is a linked list', async ({ suite }) => {
    await accepts(suite, 'linked-list', why)
  })

  test('passes with a right cache that is a sorted array', async ({ suite }) => {
    await accepts(suite, 'sorted-array', why)
  })
})
