import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A right cache on a slow machine: while a thread of the test sleeps, works or waits for a timer, the calls of the cache
 * take long. Tests without threads and timers are not slowed.
 */
final class CacheSlowMachine<V> implements CacheVariant<V> {

    private static final int DELAY_MS = 60;
    /** So long takes a thread at most, once started or woken, until it is seen at work. */
    private static final int START_MS = 2;

    private static int delays = 12;
    private static int looks = 100;

    private final CacheVariant<V> cache;

    CacheSlowMachine(int capacity, Duration ttl, InstantSource now) {
        cache = new CacheAsGiven<>(capacity, ttl, now);
    }

    @Override
    public int size() {
        return cache.size();
    }

    @Override
    public V get(String key) {
        return slowed(() -> cache.get(key));
    }

    @Override
    public void set(String key, V value, Duration ttl) {
        slowed(() -> {
            cache.set(key, value, ttl);
            return null;
        });
    }

    @Override
    public boolean delete(String key) {
        return slowed(() -> cache.delete(key));
    }

    @Override
    public CompletableFuture<V> load(String key, Function<String, ? extends CompletionStage<V>> loader) {
        return slowed(() -> cache.load(key, loader));
    }

    private static <T> T slowed(Supplier<T> call) {
        try {
            return call.get();
        } finally {
            delay();
        }
    }

    private static synchronized void delay() {
        if (delays == 0 || looks == 0 || others().length == 0) {
            return;
        }
        looks--;
        sleep(START_MS);
        if (Arrays.stream(others()).anyMatch(CacheSlowMachine::isBusy)) {
            delays--;
            sleep(DELAY_MS);
        }
    }

    /** The threads that the tests have made: neither the virtual machine's nor JUnit's. */
    private static Thread[] others() {
        var group = Thread.currentThread().getThreadGroup();
        while (group.getParent() != null && group.getParent().getParent() != null) {
            group = group.getParent();
        }
        var threads = new Thread[64];
        var count = group.enumerate(threads);
        return Arrays.stream(threads, 0, count)
                .filter(thread -> thread != Thread.currentThread())
                .filter(thread -> !thread.getName().equals("main"))
                .filter(thread -> !thread.getName().startsWith("junit"))
                .toArray(Thread[]::new);
    }

    /** Whether it does something or waits for a time; not whether it waits for work. */
    private static boolean isBusy(Thread thread) {
        switch (thread.getState()) {
            case NEW, TERMINATED, BLOCKED, WAITING -> {
                return false;
            }
            case RUNNABLE -> {
                return true;
            }
            default -> {
                return Arrays.stream(thread.getStackTrace())
                        .map(frame -> frame.getClassName() + "." + frame.getMethodName())
                        .noneMatch(CacheSlowMachine::isIdle);
            }
        }
    }

    /** Workers of pools wait for work with a deadline too, so that they can end after a while. */
    private static boolean isIdle(String frame) {
        return frame.equals("java.util.concurrent.ForkJoinPool.awaitWork")
                || frame.equals("java.util.concurrent.SynchronousQueue.poll")
                || frame.equals("java.util.concurrent.LinkedBlockingQueue.poll");
    }

    private static void sleep(int ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
