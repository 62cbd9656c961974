/* MPI whose ranks sleep while they wait, preloaded where there are more ranks than cores: MPICH's own
   spin until the scheduler takes the core away, some milliseconds for each message. */
#include <mpi.h>
#include <time.h>

static int patience(MPI_Request *request, MPI_Status *status) {
  const struct timespec moment = {0, 20000};
  int done = 0, error = MPI_Test(request, &done, status);
  while (!done && error == MPI_SUCCESS) {
    nanosleep(&moment, 0);
    error = MPI_Test(request, &done, status);
  }
  return error;
}

#define PATIENT(start)                              \
  MPI_Request request;                              \
  const int error = start;                          \
  return error ? error : patience(&request, MPI_STATUS_IGNORE)

int MPI_Wait(MPI_Request *request, MPI_Status *status) { return patience(request, status); }

int MPI_Waitall(int n, MPI_Request requests[], MPI_Status statuses[]) {
  for (int i = 0; i < n; ++i) {
    const int error = patience(
        &requests[i], statuses == MPI_STATUSES_IGNORE ? MPI_STATUS_IGNORE : &statuses[i]);
    if (error) return error;
  }
  return MPI_SUCCESS;
}

int MPI_Recv(void *to, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status *status) {
  MPI_Request request;
  const int error = MPI_Irecv(to, n, type, from, tag, comm, &request);
  return error ? error : patience(&request, status);
}

int MPI_Send(const void *from, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  PATIENT(MPI_Isend(from, n, type, to, tag, comm, &request));
}

int MPI_Sendrecv(const void *from, int n, MPI_Datatype type, int to, int tag, void *into, int m,
                 MPI_Datatype other, int source, int its_tag, MPI_Comm comm, MPI_Status *status) {
  MPI_Request sent, received;
  MPI_Irecv(into, m, other, source, its_tag, comm, &received);
  MPI_Isend(from, n, type, to, tag, comm, &sent);
  const int error = patience(&sent, MPI_STATUS_IGNORE);
  return error ? error : patience(&received, status);
}

int MPI_Barrier(MPI_Comm comm) { PATIENT(MPI_Ibarrier(comm, &request)); }

int MPI_Bcast(void *data, int n, MPI_Datatype type, int root, MPI_Comm comm) {
  PATIENT(MPI_Ibcast(data, n, type, root, comm, &request));
}

int MPI_Allreduce(const void *from, void *to, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  PATIENT(MPI_Iallreduce(from, to, n, type, op, comm, &request));
}

int MPI_Reduce(const void *from, void *to, int n, MPI_Datatype type, MPI_Op op, int root, MPI_Comm comm) {
  PATIENT(MPI_Ireduce(from, to, n, type, op, root, comm, &request));
}

int MPI_Scan(const void *from, void *to, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  PATIENT(MPI_Iscan(from, to, n, type, op, comm, &request));
}

int MPI_Allgather(const void *from, int n, MPI_Datatype type, void *to, int m, MPI_Datatype other, MPI_Comm comm) {
  PATIENT(MPI_Iallgather(from, n, type, to, m, other, comm, &request));
}

int MPI_Allgatherv(const void *from, int n, MPI_Datatype type, void *to, const int m[], const int at[],
                   MPI_Datatype other, MPI_Comm comm) {
  PATIENT(MPI_Iallgatherv(from, n, type, to, m, at, other, comm, &request));
}
