import java.math.BigInteger;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** Threads that solve puzzles, and a bounded queue before them. */
final class SolverPool {
    private final ThreadPoolExecutor threads;
    private final AtomicInteger running = new AtomicInteger();

    // The executor's own bounded queue would turn puzzles away while its idle threads have not yet taken the ones before.
    private final Semaphore places;

    SolverPool(int size, int limit) {
        threads = new ThreadPoolExecutor(size, size, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        places = new Semaphore(size + limit);
    }

    int running() {
        return running.get();
    }

    int waiting() {
        return threads.getQueue().size();
    }

    /** Empty, at once, when there is no room. A job that was accepted must be closed. */
    Optional<Job> submit(Puzzle puzzle) {
        if (!places.tryAcquire()) {
            return Optional.empty();
        }
        var job = new Job(puzzle);
        threads.execute(job.task);
        return Optional.of(job);
    }

    final class Job implements AutoCloseable {
        private final FutureTask<BigInteger> task;

        private Job(Puzzle puzzle) {
            task = new FutureTask<>(() -> {
                running.incrementAndGet();
                try {
                    return puzzle.call();
                } finally {
                    running.decrementAndGet();
                }
            });
        }

        boolean isDone(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException {
            try {
                task.get(timeout, unit);
                return true;
            } catch (TimeoutException e) {
                return false;
            }
        }

        BigInteger result() throws InterruptedException, ExecutionException {
            return task.get();
        }

        /** Stops it if it is not done, wherever it is. */
        @Override
        public void close() {
            // Whoever waits leaves the queue; a thread that solves it is interrupted.
            task.cancel(true);
            threads.remove(task);
            places.release();
        }
    }
}
